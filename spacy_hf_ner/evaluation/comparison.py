"""Several pipelines on the same gold Docs, side by side.

Here they are measured and tested against each other; :mod:`.comparison_table` shows the result.
"""

import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from spacy.cli._util import import_code
from tqdm import tqdm

from spacy_hf_ner.evaluation.device import use_gpu
from spacy_hf_ner.evaluation.gold_data import check_gold, read_gold_docs
from spacy_hf_ner.evaluation.label_map import LabelMap, check_label_map, rename_entities
from spacy_hf_ner.evaluation.memory import read_peak_memory
from spacy_hf_ner.evaluation.pairing import count_unjudged
from spacy_hf_ner.evaluation.pipelines import check_pipeline, find_spans_key, load_pipeline
from spacy_hf_ner.evaluation.predicted_pairs import pair_predictions
from spacy_hf_ner.evaluation.prediction import predict
from spacy_hf_ner.evaluation.resampling import (
    DocCounts,
    Intervals,
    bootstrap,
    count_docs,
    permutation_test,
)
from spacy_hf_ner.evaluation.signature import Signature, sign
from spacy_hf_ner.evaluation.strict import StrictScores, score_strict

__all__ = [
    "Measured",
    "Standing",
    "compare_pipelines",
    "measure_pipeline",
    "rank_against_first",
]


@dataclass(frozen=True, slots=True)
class Measured:
    """One pipeline on the data.

    Attributes:
        model: The name or folder that the user gave.
        description: The pipeline's name, version and components.
        strict: Strict span scores.
        docs: The counts of every document, in the order of the data.
        words_per_second: Throughput of tokenizer and pipeline.
        peak_memory: Most bytes that the process held: Python, libraries, data and pipeline; None on
            Windows, which does not record it.
        size: Bytes of the pipeline's files; None where it has none.
        n_unjudged: Predicted entities on tokens without gold annotation, which count as neither
            right nor wrong.
        signature: What all this was made with.
    """

    model: str
    description: str
    strict: StrictScores
    docs: DocCounts = field(repr=False)
    words_per_second: float
    peak_memory: int | None
    size: int | None
    n_unjudged: int
    signature: Signature


@dataclass(frozen=True, slots=True)
class Standing:
    """One pipeline beside the first.

    Attributes:
        measured: Its scores and costs.
        intervals: 95 % confidence intervals; None with fewer than two documents.
        p_value: How often chance alone makes so large a difference to the first pipeline; None for
            the first itself, and without intervals.
    """

    measured: Measured
    intervals: Intervals | None
    p_value: float | None


def compare_pipelines(
    models: Sequence[str],
    data: Path,
    *,
    gpu_id: int = -1,
    code: Path | None = None,
    spans_key: str | None = None,
    label_maps: Mapping[str, LabelMap] | None = None,
    progress: bool = False,
) -> tuple[Standing, ...]:
    """Return the pipelines' scores and costs, compared with the first pipeline.

    Each is measured in a process of its own.

    Args:
        models: Names of installed pipelines, or their folders.
        data: A .spacy file, a folder of them, or files in a format that ``hf-ner convert`` reads.
        gpu_id: GPU number, or -1 for the CPU.
        code: A Python file with registered functions that the pipelines need.
        spans_key: The span group of the entities of pipelines that do not set ``doc.ents``; None
            for that of their hf_ner.
        label_maps: The types of a pipeline's predictions under the names that gold has for them, by
            the pipeline's name or folder.
        progress: Show a progress bar on a terminal.

    Raises:
        ConfigError: There is no such pipeline, or it sets no entities.
        CorpusError: The data cannot be read, holds no Docs, or is not annotated.
    """
    # A wrong name is found before an hour with the first pipeline, not after.
    for model in models:
        check_pipeline(model)

    # Spawned and used once, so that no pipeline inherits the memory of another.
    spawn = multiprocessing.get_context("spawn")
    # tqdm shows a bar on terminals only if "disable" is None; False shows it in log files, too.
    disable = None if progress else True
    measured: list[Measured] = []
    for model in tqdm(models, unit="pipeline", desc="Comparing", disable=disable):
        with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
            run = pool.submit(
                measure_pipeline,
                model,
                data,
                gpu_id=gpu_id,
                code=code,
                spans_key=spans_key,
                label_map=(label_maps or {}).get(model),
            )
            measured.append(run.result())
    return rank_against_first(measured)


def measure_pipeline(
    model: str,
    data: Path,
    *,
    gpu_id: int = -1,
    code: Path | None = None,
    spans_key: str | None = None,
    label_map: LabelMap | None = None,
) -> Measured:
    """Return the scores and costs of one pipeline; see :func:`compare_pipelines` for arguments.

    The memory is that of the whole process so far.
    """
    # A pipeline's registered functions must exist before it is loaded.
    import_code(code)
    use_gpu(gpu_id, silent=True)
    nlp = load_pipeline(model)
    key = find_spans_key(nlp, spans_key)
    golds = read_gold_docs(data, nlp.vocab)
    # Before hours of prediction, not after.
    check_gold(golds, spans_key=key)
    check_label_map(nlp, label_map or {})
    signature = sign(nlp, data=data, n_docs=len(golds), spans_key=key, label_map=label_map)
    prediction = predict(nlp, golds)
    for example in prediction.examples:
        rename_entities(example.predicted, label_map or {}, spans_key=key)
    pairs = pair_predictions(prediction, spans_key=key)
    return Measured(
        model=model,
        description=signature.pipeline,
        strict=score_strict(pairs),
        docs=count_docs(pairs),
        words_per_second=prediction.words_per_second,
        peak_memory=read_peak_memory(),
        size=_sum_file_sizes(nlp.path),
        n_unjudged=count_unjudged(pairs),
        signature=signature,
    )


def rank_against_first(measured: Sequence[Measured]) -> tuple[Standing, ...]:
    """Return each pipeline with its intervals and the p-value of its difference to the first."""
    standings: list[Standing] = []
    for i, pipeline in enumerate(measured):
        intervals = bootstrap(pipeline.docs)
        p_value = None
        if i > 0 and intervals is not None:
            p_value = permutation_test(measured[0].docs, pipeline.docs)
        standings.append(Standing(pipeline, intervals, p_value))
    return tuple(standings)


def _sum_file_sizes(folder: Path | None) -> int | None:
    """Return the bytes of all files in a folder; None without a folder."""
    if folder is None:
        return None
    n_bytes = 0
    for path in folder.rglob("*"):
        if path.is_file():
            n_bytes += path.stat().st_size
    return n_bytes
