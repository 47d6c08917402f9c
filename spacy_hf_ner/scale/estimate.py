"""How long a run will take, and how much it will write, from a sample of its texts."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch

from spacy_hf_ner.scale.annotate_settings import AnnotateSettings
from spacy_hf_ner.scale.annotator import load_annotator
from spacy_hf_ner.scale.manifest import Plan
from spacy_hf_ner.scale.shard_annotation import annotate_shard
from spacy_hf_ner.scale.shard_writers import find_shard_suffix
from spacy_hf_ner.scale.shards import Shard, ShardReader

__all__ = ["Estimate", "estimate_run"]

N_SHARDS: Final = 8  # of which texts are taken, from the first to the last
N_TEXTS: Final = 64  # of each


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run is expected to need.

    Attributes:
        n_texts: Texts.
        n_shards: Shards.
        n_sampled: Texts that were annotated to know.
        seconds: How long it takes with all workers, if each has a core of its own.
        words_per_second: What one worker reads.
        n_bytes: What is written.
        n_failed: Texts of the sample that were set aside.
    """

    n_texts: int
    n_shards: int
    n_sampled: int
    seconds: float
    words_per_second: float
    n_bytes: int
    n_failed: int


def estimate_run(plan: Plan, settings: AnnotateSettings, *, n_workers: int) -> Estimate:
    """Return what a run is expected to need. Nothing of it is kept.

    Texts of a length that is rare, and far from the mean, may be missed by the sample.

    Args:
        plan: What is to be done.
        settings: How.
        n_workers: How many workers there will be.

    Raises:
        ConfigError: There is no such pipeline, or a setting does not go with it.
        CorpusError: A text of the sample cannot be read.
    """
    torch.set_num_threads(1)  # as a worker has
    load_annotator(settings).warm_up()
    reader = ShardReader(settings.columns)
    n_sampled = n_words = n_bytes = n_failed = 0
    seconds = 0.0
    with tempfile.TemporaryDirectory(prefix="hf-ner-estimate-") as folder:
        target = Path(folder, f"sample{find_shard_suffix(settings)}")
        for shard in _choose(plan.shards):
            sample = replace(shard, n_texts=min(shard.n_texts, N_TEXTS))
            result = annotate_shard(sample, target, settings, reader=reader)
            n_sampled += result.n_texts
            n_words += result.n_words
            n_bytes += result.n_bytes
            n_failed += len(result.errors)
            seconds += result.seconds
    share = plan.n_texts / max(n_sampled, 1)
    return Estimate(
        n_texts=plan.n_texts,
        n_shards=len(plan.shards),
        n_sampled=n_sampled,
        seconds=seconds * share / max(min(n_workers, len(plan.shards)), 1),
        words_per_second=n_words / max(seconds, 1e-9),
        n_bytes=int(n_bytes * share),
        n_failed=n_failed,
    )


def _choose(shards: Sequence[Shard]) -> list[Shard]:
    """Return some shards, as far from each other as they can be, in order."""
    if len(shards) <= N_SHARDS:
        return list(shards)
    return [shards[i * (len(shards) - 1) // (N_SHARDS - 1)] for i in range(N_SHARDS)]
