"""What people write first: FastAPI around Hugging Face's pipeline. `serve.py` measures beside it.

CHECKPOINT=training/model-best/hf_ner/model uvicorn plain_server:app
"""

import os
from typing import Any

import transformers
from fastapi import FastAPI
from pydantic import BaseModel

_STRIDE = 64  # subwords that windows of long texts share


class Body(BaseModel):
    """A request for the entities of texts."""

    texts: list[str]


app = FastAPI()
library: Any = transformers  # the overloads of pipeline name every task
find = library.pipeline(
    "token-classification",
    model=os.environ["CHECKPOINT"],
    aggregation_strategy="first",
    stride=_STRIDE,
)


@app.post("/v1/entities")
def find_entities(body: Body) -> dict[str, Any]:
    """Return the entities of texts; FastAPI calls this in one of many threads."""
    results: list[Any] = []
    for found in find(body.texts):
        results.append([{**entity, "score": float(entity["score"])} for entity in found])
    return {"results": results}
