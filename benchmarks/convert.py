"""What conversion keeps, beside ``spacy convert``: white space, entities, time and memory.

Run with ``python benchmarks/convert.py [gaps] [entities] [speed] [huge]``, all but ``huge`` where
none is named; needs the real data beside the repository.
"""

import math
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training.converters.conll_ner_to_docs import conll_ner_to_docs
from spacy.training.converters.iob_to_docs import iob_to_docs
from wasabi import msg

from spacy_hf_ner.corpus.detokenize import detokenize
from spacy_hf_ner.corpus.docs import group_documents, make_doc
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.source import ReadOptions, Source

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data"

# Files whose source tells the white space.
GAPS: Final = (
    ("uner_en_ewt/en_ewt-ud-dev.iob2", "en", "English, web"),
    ("uner_en_ewt/en_ewt-ud-test.iob2", "en", "English, web"),
    ("jsonl_prodigy/fashion_brands_eval.jsonl", "en", "English, Reddit"),
    ("jsonl_prodigy/test_annotated.jsonl", "en", "English, tweets"),
    ("anem/AnEM.train", "en", "English, biomedical"),
    ("norne/no_nynorsk-ud-test.conllu", "nn", "Norwegian Nynorsk, news"),
)
# Files whose entities are looked for after conversion.
ENTITIES: Final = (
    ("conllpp/conllpp_train.txt", "en"),
    ("conllpp/conllpp_dev.txt", "en"),
    ("wnut17/wnut17train.conll", "en"),
    ("wnut17/emerging.dev.conll", "en"),
    ("wnut17/emerging.test.annotated", "en"),
    ("wikigold/wikigold.conll.txt", "en"),
    ("btc/a.conll", "en"),
    ("btc/e.conll", "en"),
    ("btc/f.conll", "en"),
    ("uner_en_ewt/en_ewt-ud-dev.iob2", "en"),
    ("uner_en_ewt/en_ewt-ud-test.iob2", "en"),
    ("anem/AnEM.train", "en"),
    ("anem/AnEM.test", "en"),
    ("bio_mtl/NCBI-disease-IOB/train.tsv", "en"),
    ("bio_mtl/NCBI-disease-IOB/devel.tsv", "en"),
    ("bio_mtl/NCBI-disease-IOB/test.tsv", "en"),
    ("bio_mtl/NCBI-disease-IOBES/devel.tsv", "en"),
    ("bio_mtl/NCBI-disease-IOBES/test.tsv", "en"),
    ("multiconer2/en-dev.conll", "en"),
    ("multiconer2/hi-dev.conll", "hi"),
    ("sec_filings/FIN3.txt", "en"),
    ("sec_filings/FIN5.txt", "en"),
    ("gum/GUM_news_nasa.tsv", "en"),
    ("gmb_kaggle_csv/ner_dataset.csv", "en"),
    ("germeval2014/NER-de-dev.tsv", "de"),
    ("turku_ner_fi/train.tsv", "fi"),
    ("turku_ner_fi/dev.tsv", "fi"),
    ("turku_ner_fi/test.tsv", "fi"),
    ("norne/no_nynorsk-ud-test.conllu", "nn"),
    ("weibo_zh/weiboNER_2nd_conll.dev", "zh"),
    ("weibo_zh/weiboNER_2nd_conll.test", "zh"),
)
Entity = tuple[tuple[str, ...], str]  # its words and its type
COPIES: Final = 8  # of a file, for the growth of memory
HUGE: Final = 2_000_000_000  # bytes
MEBIBYTE: Final = 2**20
LARGE: Final = "conllpp/conllpp_train.txt"


def measure_gaps() -> None:
    """Print the share of gaps between words that are right.

    They are those of the detokeniser, and those of a space everywhere.
    """
    rows = []
    for name, lang, kind in GAPS:
        n_gaps = n_right = n_spaces = 0
        for sentence in open_corpus(DATA / name, ReadOptions(lang=lang)).read():
            for gap, space in zip(
                sentence.gaps[:-1], detokenize(sentence.words, lang), strict=False
            ):
                n_gaps += 1
                n_right += bool(gap) == space
                n_spaces += bool(gap)
        rows.append(
            (name, kind, f"{n_gaps:,}", f"{n_right / n_gaps:.2%}", f"{n_spaces / n_gaps:.2%}")
        )
    msg.table(
        rows,
        header=("file", "text", "gaps", "right", "spaces only"),
        aligns=tuple("llrrr"),
        divider=True,
    )


def measure_entities() -> None:
    """Print the share of gold entities that spaCy's tokens of the converted text can hold."""
    rows = []
    for name, lang in ENTITIES:
        nlp = spacy.blank(lang)
        source = open_corpus(DATA / name, ReadOptions(lang=lang))
        gold = Counter(
            (s.words[span.start : span.end], span.entity_type)
            for s in source.read()
            for span in s.spans
        )
        ours = count_held(make_docs(source, nlp, lang), nlp)
        rows.append(
            (name, f"{gold.total():,}", share(ours, gold), *compare_with_spacy(name, nlp, gold))
        )
    header = ("file", "entities", "ours", "spacy convert", "its entities", "its documents")
    msg.table(rows, header=header, aligns=tuple("lrrrrr"), divider=True)


def make_docs(source: Source, nlp: Language, lang: str) -> Iterator[Doc]:
    """Yield the converted Docs."""
    for group in group_documents(source.read(), has_documents=source.has_documents):
        yield make_doc(group, nlp.vocab, lang=lang)


def count_held(docs: Iterable[Doc], nlp: Language) -> Counter[Entity]:
    """Count the entities that begin and end with tokens of the text as the pipeline reads it."""
    held: Counter[Entity] = Counter()
    for doc in docs:
        tokens = nlp.tokenizer(doc.text)
        for entity in doc.ents:
            if tokens.char_span(entity.start_char, entity.end_char) is not None:
                held[words_of(entity), entity.label_] += 1
    return held


def words_of(entity: Span) -> tuple[str, ...]:
    """Return an entity's words without the white space between them."""
    return tuple(token.text for token in entity if not token.text.isspace())


def share(held: Counter[Entity], gold: Counter[Entity]) -> str:
    """Return which share of the gold entities are held, by words and type."""
    return f"{(held & gold).total() / gold.total():.2%}"


def compare_with_spacy(name: str, nlp: Language, gold: Counter[Entity]) -> tuple[str, str, str]:
    """Return the same share for ``spacy convert``, the entities it makes, and its documents."""
    text = (DATA / name).read_text(encoding="utf-8", errors="replace")
    convert: Callable[..., Iterable[Doc]] = (
        iob_to_docs if name.endswith((".iob2", ".csv")) else conll_ner_to_docs
    )
    try:
        docs = list(convert(text, n_sents=1, no_print=True))
    except Exception as error:  # noqa: BLE001 - whatever it ends with is the result
        return f"{type(error).__name__}", "–", "–"
    n_entities = sum(len(doc.ents) for doc in docs)
    return share(count_held(docs, nlp), gold), f"{n_entities:,}", f"{len(docs):,}"


def measure_speed() -> None:
    """Print time and memory for a file, and for a file of many times its size and vocabulary."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder, "large.conll")
        write_copies(large, COPIES)
        for path in (DATA / LARGE, large):
            for output in ("out.spacy", "out"):
                run = convert_apart(path, Path(folder, output))
                rows.append(
                    (
                        f"{path.stat().st_size / MEBIBYTE:.0f} MB to {output}",
                        f"{run.n_words:,.0f}",
                        f"{run.wall:.1f} s",
                        f"{run.cpu:.1f} s",
                        f"{run.n_words / run.cpu:,.0f}",
                        f"{run.memory_before / MEBIBYTE:.0f} MB",
                        f"{run.memory_peak / MEBIBYTE:.0f} MB",
                    )
                )
    header = ("file", "words", "wall", "CPU", "words / CPU s", "memory before", "peak")
    msg.table(rows, header=header, aligns=tuple("lrrrrrr"), divider=True)


def measure_huge() -> None:
    """Print the memory of each tenth of the time that a file of 2 GB takes to become shards.

    That is about an hour.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, output = Path(folder, "huge.conll"), Path(folder, "out")
        write_copies(path, math.ceil(HUGE / (DATA / LARGE).stat().st_size))
        run = convert_apart(path, output)
        shards = [shard.stat().st_size for shard in output.iterdir()]
        msg.text(
            f"{path.stat().st_size / 1e9:.2f} GB, {run.n_words:,.0f} words to {len(shards)} shards "
            f"of at most {max(shards) / 1e6:.1f} MB in {run.wall / 60:.0f} minutes "
            f"({run.n_words / run.cpu:,.0f} words / CPU s); "
            f"before: {run.memory_before / MEBIBYTE:.0f} MB, "
            f"peak: {run.memory_peak / MEBIBYTE:.0f} MB"
        )
    share = len(run.memory) / 10
    tenths = [run.memory[round(i * share) : round((i + 1) * share)] for i in range(10)]
    rows = [
        (f"{i + 1}", *(f"{f(t) / MEBIBYTE:.0f} MB" for f in (median, max)))
        for i, t in enumerate(tenths)
    ]
    msg.table(rows, header=("tenth", "median", "most"), aligns=tuple("rrr"), divider=True)


def write_copies(path: Path, n_copies: int) -> None:
    """Write the file so many times into one, with other words in each copy."""
    lines = (DATA / LARGE).read_text(encoding="utf-8").splitlines()
    with path.open("w", encoding="utf-8") as file:
        for copy in range(n_copies):
            mark = "".join(chr(ord("a") + int(digit)) for digit in str(copy)) if copy else ""
            for line in lines:
                word, space, rest = line.partition(" ")
                file.write(f"{word}{mark if word.isalpha() and space else ''}{space}{rest}\n")


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion in a process of its own took: seconds and bytes."""

    n_words: float
    wall: float
    cpu: float
    memory_before: float
    memory_peak: float
    memory: list[int]  # resident, once a second; empty where the system does not tell


def convert_apart(path: Path, output: Path) -> Conversion:
    """Convert a file in a process of its own; what it takes to start is not counted."""
    code = (
        "import time; from pathlib import Path\n"
        "from spacy_hf_ner.corpus.conversion import convert_corpus\n"
        "from spacy_hf_ner.corpus.texts import blank_pipeline\n"
        "from spacy_hf_ner.evaluation.memory import read_peak_memory\n"
        "blank_pipeline('en'); before = read_peak_memory()\n"
        "start, cpu = time.perf_counter(), time.process_time()\n"
        f"report = convert_corpus({str(path)!r}, Path({str(output)!r}))\n"
        "print(report.files[0].n_words, time.perf_counter() - start, time.process_time() - cpu,"
        " before, read_peak_memory())"
    )
    memory: list[int] = []
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        pages = Path(f"/proc/{process.pid}/statm")
        while process.poll() is None:
            if pages.is_file() and (sizes := pages.read_text(encoding="utf8").split()):
                memory.append(int(sizes[1]) * resource.getpagesize())
            time.sleep(1)
        assert process.stdout is not None
        printed = process.stdout.read().split()
    if process.returncode:
        sys.exit(process.returncode)
    n_words, wall, cpu, before, peak = map(float, printed)
    return Conversion(n_words, wall, cpu, before, peak, memory)


def main() -> None:
    """Measure what the command line names, or everything."""
    if not DATA.is_dir():
        sys.exit(f"Skipped: there is no {DATA}. The real data is not part of this repository.")
    parts = {
        "gaps": measure_gaps,
        "entities": measure_entities,
        "speed": measure_speed,
        "huge": measure_huge,
    }
    for name in sys.argv[1:] or ("gaps", "entities", "speed"):
        parts[name]()


if __name__ == "__main__":
    main()
