"""Any number of texts annotated: shards that come whole, on one machine or on many.

    >>> from spacy_hf_ner.scale import AnnotateSettings, annotate_shard
    >>> settings = AnnotateSettings(model="training/model-best")
    >>> annotate_shard("texts.jsonl.gz", "entities.parquet", settings)  # doctest: +SKIP

:func:`annotate_shard` is the core, for whatever runs it; :func:`annotate_folder` cuts inputs into
shards, has an executor run them, and counts what comes back.
"""

from spacy_hf_ner.corpus.text_input import TextColumns
from spacy_hf_ner.scale.annotate_settings import AnnotateSettings
from spacy_hf_ner.scale.annotation_run import RunSummary, annotate_folder
from spacy_hf_ner.scale.executor import Executor
from spacy_hf_ner.scale.local_executor import LocalExecutor
from spacy_hf_ner.scale.shard_annotation import ShardResult, TextError, annotate_shard
from spacy_hf_ner.scale.stream_annotation import annotate_stream

__all__ = [
    "AnnotateSettings",
    "Executor",
    "LocalExecutor",
    "RunSummary",
    "ShardResult",
    "TextColumns",
    "TextError",
    "annotate_folder",
    "annotate_shard",
    "annotate_stream",
]
