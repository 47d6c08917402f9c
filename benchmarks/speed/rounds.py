"""The measurements: everybody in turn, round after round.

So what slows the machine slows all of them.
"""

import gc
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from speed.competitors import Competitor, load_hugging_face
from speed.meter import ForwardMeter, Work, measure_matmul, synchronise
from speed.runner import Found, Kind, Runner, Setting
from speed.texts import GoldText, count_entities, count_words, deal

from spacy_hf_ner.evaluation.strict import Counts

N_WARM_UP_WORDS = 400
N_TRIAL_WORDS = 2000
N_PROFILES = 2
BATCH_SIZES: dict[Kind, tuple[int, ...]] = {"short": (8, 16, 32, 64), "documents": (2, 4, 8, 16)}


@dataclass(slots=True)
class Measured:
    """What was measured of one competitor on one kind of texts.

    Attributes:
        words_per_second: In each round.
        ratios: To the baseline, in each round.
        f1: Strict spans, over all texts; None where there are no entities to judge.
        dtype: The type that the network computes in.
        forward_share: How much of the time is the network's, or None where that is not known.
        peak_share: Operations per second while the network runs, as a share of those of matrix
            products of its type.
        rest_ms: What everything else takes, in milliseconds per 1,000 words.
        latency_ms: Of one text at a time, for each text.
    """

    words_per_second: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    f1: float | None = None
    dtype: str = ""
    forward_share: float | None = None
    peak_share: float | None = None
    rest_ms: float | None = None
    latency_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class KindResult:
    """What was measured on one kind of texts.

    Attributes:
        kind: Short texts or documents.
        n_texts: How many there are.
        n_words: Their words.
        batch_size: The best batch size of Hugging Face's pipeline.
        peak_flops: The best matrix product in operations per second, by type.
        measured: By competitor.
    """

    kind: Kind
    n_texts: int
    n_words: int
    batch_size: int
    peak_flops: dict[str, float]
    measured: dict[str, Measured]


def run_rounds(
    kind: Kind,
    texts: Sequence[GoldText],
    competitors: Sequence[Competitor],
    setting: Setting,
    *,
    baseline: str,
    n_rounds: int,
    n_single: int,
    work: Work,
) -> KindResult:
    """Measure everybody on one kind of texts: each round gives all of them the same slice.

    Args:
        kind: Short texts or documents.
        texts: The texts; each is read once by everybody.
        competitors: Who takes part.
        setting: What they share; the batch size is found here.
        baseline: The competitor that the others are compared with, if it takes part.
        n_rounds: How many slices there are.
        n_single: Texts that are read one at a time.
        work: What a subword costs.
    """
    setting = replace(setting, batch_size=find_batch_size(kind, texts, setting))
    taking_part = [one for one in competitors if kind in one.kinds]
    runners = {one.name: one.load(setting) for one in taking_part}
    measured = {one.name: Measured(dtype=one.find_dtype(setting)) for one in taking_part}
    for runner in runners.values():
        time_run(runner, _take_words(texts, N_WARM_UP_WORDS), setting)
    gc.collect()
    # Else the garbage collector visits all libraries again and again, in whoever's turn it is.
    gc.freeze()
    peaks: dict[str, float] = {}
    slices = deal(texts, n_rounds)
    counts = {one.name: Counts() for one in taking_part if one.has_f1}
    for round_i, part in enumerate(slices):
        print(f"{kind}: round {round_i + 1} of {len(slices)}", file=sys.stderr)
        raise_peaks(peaks, setting)
        for name in _rotate(list(runners), round_i):
            found, seconds = time_run(runners[name], part, setting)
            measured[name].words_per_second.append(count_words(part) / seconds)
            if name in counts:
                counts[name] += count_entities(part, found)
    for name, count in counts.items():
        measured[name].f1 = count.f1
    if baseline in measured:
        _compare(measured, measured[baseline])
    for name, runner in runners.items():
        profile(measured[name], runner, slices[0], setting, work, peaks)
    for text in _spread_out(texts, n_single):
        for name, runner in runners.items():
            measured[name].latency_ms.append(time_run(runner, [text], setting)[1] * 1000)
    return KindResult(kind, len(texts), count_words(texts), setting.batch_size, peaks, measured)


def time_run(runner: Runner, texts: Sequence[GoldText], setting: Setting) -> tuple[Found, float]:
    """Return what a runner finds, and the seconds it takes."""
    prepared = runner.prepare([text.text for text in texts])
    synchronise(setting.device)
    start = time.perf_counter()
    found = runner.run(prepared)
    synchronise(setting.device)
    return found, time.perf_counter() - start


def profile(
    measured: Measured,
    runner: Runner,
    texts: Sequence[GoldText],
    setting: Setting,
    work: Work,
    peaks: Mapping[str, float],
) -> None:
    """Note how much of a runner's time the network has, what it computes, what the rest takes."""
    shares, speeds, rests = [], [], []
    for _ in range(N_PROFILES):
        meter = ForwardMeter(work, setting.device)
        metering = runner.metering(meter)
        if metering is None:
            return
        with metering:
            _, seconds = time_run(runner, texts, setting)
        shares.append(meter.seconds / seconds)
        speeds.append(meter.flop / meter.seconds)
        rests.append((seconds - meter.seconds) * 1e6 / count_words(texts))
    measured.forward_share = statistics.median(shares)
    measured.rest_ms = min(rests)
    if measured.dtype in peaks:
        measured.peak_share = max(speeds) / peaks[measured.dtype]


def raise_peaks(peaks: dict[str, float], setting: Setting) -> None:
    """Measure matrix products of each type, and keep what is faster than before."""
    types = [torch.float32, torch.bfloat16, *([torch.float16] if setting.device == "cuda" else [])]
    for dtype in types:
        name = str(dtype).removeprefix("torch.")
        peaks[name] = max(peaks.get(name, 0.0), measure_matmul(dtype, setting.device))


def find_batch_size(kind: Kind, texts: Sequence[GoldText], setting: Setting) -> int:
    """Return the batch size at which Hugging Face's pipeline reads these texts fastest."""
    runner = load_hugging_face(setting)
    sample = _take_words(texts, N_TRIAL_WORDS)
    sizes = [size * (8 if setting.device == "cuda" else 1) for size in BATCH_SIZES[kind]]
    best: dict[int, float] = {}
    for _ in range(2):
        for size in sizes:
            runner.batch_size = size
            best[size] = min(best.get(size, float("inf")), time_run(runner, sample, setting)[1])
    return min(best, key=best.__getitem__)


def _take_words(texts: Sequence[GoldText], n_words: int) -> list[GoldText]:
    taken: list[GoldText] = []
    for text in texts:
        if count_words(taken) >= n_words:
            break
        taken.append(text)
    return taken


def _spread_out(texts: Sequence[GoldText], n_texts: int) -> Sequence[GoldText]:
    """Return so many texts from all over the corpus."""
    return texts[:: max(len(texts) // n_texts, 1)][:n_texts] if n_texts else ()


def _rotate(names: list[str], by: int) -> list[str]:
    first = by % len(names)
    return names[first:] + names[:first]


def _compare(measured: Mapping[str, Measured], baseline: Measured) -> None:
    """Note the ratio of each speed to that of the baseline in the same round."""
    for one in measured.values():
        pairs = zip(one.words_per_second, baseline.words_per_second, strict=True)
        one.ratios = [speed / base for speed, base in pairs]
