"""Finding a pipeline and gold Docs, and running the one over the other, with the time it takes."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.cli._util import setup_gpu
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import is_package, load_model
from spacy.vocab import Vocab
from tqdm import tqdm

from spacy_hf_ner.corpus.readers import read_docs
from spacy_hf_ner.errors import ConfigError, CorpusError
from spacy_hf_ner.evaluation.pairing import DocPair, pair_docs

DEFAULT_SPANS_KEY = "hf_ner"
_CONVERT = "`python -m spacy hf-ner convert`"
_PIPELINE_FILES = ("meta.json", "config.cfg")


@dataclass(frozen=True, slots=True)
class Prediction:
    """Gold Docs with their predictions, and what these took.

    Attributes:
        examples: The gold Doc of each text as reference, the predicted one beside it.
        n_words: Predicted tokens.
        seconds: Wall-clock time of tokenizer and pipeline, without loading.
    """

    examples: tuple[Example, ...]
    n_words: int
    seconds: float

    @property
    def words_per_second(self) -> float:
        """Throughput of tokenizer and pipeline."""
        return self.n_words / self.seconds if self.seconds else 0.0


def load_pipeline(name: str) -> Language:
    """Return an installed pipeline, or the one in a folder.

    Raises:
        ConfigError: There is no such pipeline.
    """
    check_pipeline(name)
    return load_model(name)


def check_pipeline(name: str) -> None:
    """Make sure that there is a pipeline of this name or in this folder, without loading it.

    Raises:
        ConfigError: There is none.
    """
    folder = Path(name)
    missing = [file for file in _PIPELINE_FILES if not (folder / file).is_file()]
    if not missing or name.startswith("blank:") or is_package(name):
        return
    expected = "expected the name of an installed pipeline or a folder that holds one, got"
    if not folder.exists():
        raise ConfigError(
            f"{expected} {name!r}. Train one with `python -m spacy train`, or install one with "
            "`python -m spacy download`."
        )
    if folder.is_file():
        raise ConfigError(f"{expected} the file {name!r}. The pipeline comes before the data.")
    inside = [str(file.parent) for file in sorted(folder.glob(f"*/{_PIPELINE_FILES[0]}"))]
    raise ConfigError(
        f"{expected} the folder {name!r}, which has no {' and no '.join(missing)}. "
        + (f"Pipelines in it: {', '.join(inside)}." if inside else "Name another one.")
    )


def use_gpu(gpu_id: int, *, silent: bool = False) -> None:
    """Let what follows run on a GPU, or on the CPU if the number is negative.

    Raises:
        ConfigError: spaCy cannot use that GPU.
    """
    try:
        setup_gpu(gpu_id, silent=silent)
    except (ValueError, RuntimeError) as error:  # thinc's, CuPy's
        raise ConfigError(
            f"expected --gpu-id to be a GPU that spaCy can use, or -1 for the CPU, got {gpu_id} ({error}). "
            "spaCy needs CuPy beside a CUDA build of torch: pip install 'spacy[cuda12x]' for CUDA 12."
        ) from error


def find_spans_key(nlp: Language, named: str | None = None) -> str:
    """Return the span group that holds a pipeline's scores, or its entities where it does not set ``doc.ents``.

    It is the one that is named; else that of the last component with a setting ``spans_key``.
    """
    keys = [
        key for _, pipe in nlp.pipeline if isinstance(key := getattr(pipe, "spans_key", None), str)
    ]
    return named or (keys[-1] if keys else DEFAULT_SPANS_KEY)


def read_gold_docs(path: Path, vocab: Vocab) -> list[Doc]:
    """Return the Docs of a .spacy file or of all such files in a folder; of other files, what conversion gives.

    Raises:
        CorpusError: The corpus cannot be read, or holds no Docs.
    """
    if not path.exists():
        raise CorpusError(
            f"{path}: expected a file or a folder with gold data, got nothing there. Check the path; "
            f"a data set of the hub is converted first: {_CONVERT}."
        )
    files = [path] if path.suffix == ".spacy" else sorted(path.rglob("*.spacy"))
    docs = (
        [doc for file in files for doc in _read_docbin(file, vocab)]
        if files
        else _convert(path, vocab)
    )
    if not docs:
        raise CorpusError(f"{path}: expected a corpus with documents to evaluate on, found none.")
    return docs


def _convert(path: Path, vocab: Vocab) -> list[Doc]:
    try:
        return list(read_docs(path, vocab))
    except CorpusError as error:
        if "--" not in str(error):
            raise
        raise CorpusError(
            f"{error} These are options of {_CONVERT}: convert first, and name what it writes."
        ) from error


def _read_docbin(file: Path, vocab: Vocab) -> list[Doc]:
    try:
        return list(DocBin().from_disk(file).get_docs(vocab))
    except (
        Exception
    ) as error:  # the formats below raise errors of their own: zlib, msgpack, KeyError
        raise CorpusError(
            f"{file}: expected a DocBin (.spacy), but it cannot be read as one ({error}). Make one with {_CONVERT}."
        ) from error


def check_gold(golds: Iterable[Doc], *, spans_key: str) -> None:
    """Make sure that somebody has annotated gold Docs, if only by saying that there is no entity.

    Args:
        golds: The Docs.
        spans_key: A span group that may hold the entities.

    Raises:
        CorpusError: There is annotation in no Doc.
    """
    groups: set[str] = set()
    for doc in golds:
        if spans_key in doc.spans or (len(doc) and doc.has_annotation("ENT_IOB")):
            return
        groups |= doc.spans.keys()
    raise CorpusError(
        f"expected gold data with annotated entities, in doc.ents or doc.spans[{spans_key!r}], got documents without. "
        + (
            f"Span groups found: {', '.join(sorted(groups))}. Name one with --spans-key."
            if groups
            else "Annotate it."
        )
    )


def predict(nlp: Language, golds: Sequence[Doc], *, progress: bool = False) -> Prediction:
    """Return the Docs that a pipeline makes of the gold texts.

    Args:
        nlp: The pipeline.
        golds: Docs with gold entities; they are not changed.
        progress: Show a progress bar on a terminal.
    """
    # What a pipeline does at its first text only (loading a checkpoint, warming up a device) is no part of its speed.
    for _ in _run(nlp, golds[:1]):
        pass
    start = time.perf_counter()
    examples: list[Example] = []
    n_words = 0
    with _show_progress(len(golds), "Predicting", progress=progress) as bar:
        for gold, doc in zip(golds, _run(nlp, golds), strict=True):
            examples.append(Example(doc, gold))
            n_words += len(doc)
            bar.update()
            bar.set_postfix_str(
                f"{n_words / (time.perf_counter() - start):,.0f} words/s", refresh=False
            )
    return Prediction(tuple(examples), n_words, time.perf_counter() - start)


def prepare_docs(
    nlp: Language, golds: Sequence[Doc], *, before: str, progress: bool = False
) -> list[Doc]:
    """Return the gold texts as a component sees them when it predicts: with what the components before it add.

    Args:
        nlp: The pipeline.
        golds: Docs with gold entities; they are not changed.
        before: The name of the component.
        progress: Show a progress bar on a terminal.
    """
    with (
        nlp.select_pipes(enable=nlp.pipe_names[: nlp.pipe_names.index(before)]),
        _show_progress(len(golds), "Reading", progress=progress) as bar,
    ):
        docs = []
        for doc in _run(nlp, golds):
            docs.append(doc)
            bar.update()
        return docs


def _run(nlp: Language, golds: Sequence[Doc]) -> Iterator[Doc]:
    """Yield what a pipeline makes of the gold texts, however long they are.

    A gold Doc whose white space is unknown has no text of its own; its words are then given to the pipeline, as
    spaCy does in training.
    """
    nlp.max_length = max([nlp.max_length, *(len(doc.text) for doc in golds)])
    yield from nlp.pipe(_read_text(nlp, gold) for gold in golds)


def _read_text(nlp: Language, gold: Doc) -> Doc:
    if gold.has_unknown_spaces:
        return Doc(
            nlp.vocab, words=[t.text for t in gold], spaces=[bool(t.whitespace_) for t in gold]
        )
    return nlp.make_doc(gold.text)


def _show_progress(n_docs: int, what: str, *, progress: bool) -> "tqdm[Any]":
    return tqdm(total=n_docs, unit="doc", desc=what, disable=None if progress else True)


def pair_predictions(prediction: Prediction, *, spans_key: str) -> tuple[DocPair, ...]:
    """Return gold and predicted entities of every text.

    Args:
        prediction: The Docs.
        spans_key: The span group that holds the scores, or the entities where the pipeline does not set ``doc.ents``.

    Raises:
        ConfigError: The pipeline sets neither ``doc.ents`` nor such a group in any Doc.
        AlignmentError: The pipeline's tokenizer changes the text in more than white space.
    """
    docs = [example.predicted for example in prediction.examples if len(example.predicted)]
    if docs and not any(spans_key in doc.spans or doc.has_annotation("ENT_IOB") for doc in docs):
        others = sorted({key for doc in docs for key in doc.spans})
        raise ConfigError(
            f"expected a pipeline that sets doc.ents, or else doc.spans[{spans_key!r}], got one that sets neither"
            + (
                f", only {', '.join(f'doc.spans[{key!r}]' for key in others)}. Name one with --spans-key."
                if others
                else ". Add a component that finds entities."
            )
        )
    return tuple(
        pair_docs(eg.reference, eg.predicted, spans_key=spans_key) for eg in prediction.examples
    )
