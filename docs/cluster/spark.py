"""Annotate a Spark table: ``spark-submit spark.py MODEL TEXTS ENTITIES``.

TEXTS and ENTITIES are folders of parquet. TEXTS has the columns ``id`` and ``text``; ENTITIES gets
a row for each of its rows: the id, the entities, and an error, which is empty where there is none.
"""

import sys
from collections.abc import Iterator

import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from spacy_hf_ner.scale import AnnotateSettings, annotate_stream

SCHEMA = (
    "id string, entities array<struct<start_char: int, end_char: int, label: string, "
    "score: double, text: string>>, error string"
)


def annotate(texts: DataFrame, settings: AnnotateSettings) -> DataFrame:
    """Return a table with the entities of each text."""

    def annotate_frames(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        # The model is loaded once in each of Spark's Python workers.
        for frame in frames:
            rows = annotate_stream(zip(frame["id"], frame["text"], strict=True), settings)
            yield pd.DataFrame(list(rows), columns=["id", "entities", "error"])

    return texts.select("id", "text").mapInPandas(annotate_frames, SCHEMA)


def main() -> None:
    """Annotate a folder of parquet into another."""
    model, texts, entities = sys.argv[1:]
    spark = SparkSession.builder.appName("hf-ner-annotate").getOrCreate()
    found = annotate(spark.read.parquet(texts), AnnotateSettings(model=model))
    found.write.parquet(entities)


if __name__ == "__main__":
    main()
