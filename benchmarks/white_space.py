"""How many gaps between English words does the detokeniser fill as their authors did?

The truth is ``SpaceAfter=No`` in Universal Dependencies, which the detokeniser is not shown. Words
are those of treebanks: ``do n't``, ``Tom 's``. The rules may look at EWT dev and at every second
document of GUM; EWT test and the other documents say how good they are.

    python benchmarks/white_space.py
    python benchmarks/white_space.py --errors 40   # what is wrong where the rules may look
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wasabi import msg

from spacy_hf_ner.corpus.detokenize import detokenize

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "ud_en"
EWT_DEV: Final = "en_ewt-ud-dev.conllu"
EWT_TEST: Final = "en_ewt-ud-test.conllu"
GUM: Final = "gum_train_part.conllu"

NO_SPACE: Final = "SpaceAfter=No"
N_COLUMNS: Final = 10
CONTEXT: Final = 4  # words that are shown on each side of a gap


@dataclass(frozen=True, slots=True)
class Sentence:
    """The words of a sentence, and whether a space follows each of them.

    Attributes:
        document_i: The number of its document in the file.
        words: The words.
        spaces: What follows each of them.
    """

    document_i: int
    words: list[str]
    spaces: list[bool]


def read_sentences(path: Path) -> Iterator[Sentence]:
    """Yield the sentences of a file in CoNLL-U."""
    document_i = -1
    for block in path.read_text(encoding="utf8").split("\n\n"):
        lines = block.splitlines()
        document_i += sum(line.startswith("# newdoc") for line in lines)
        rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
        if rows:
            words, spaces = read_words(rows)
            yield Sentence(document_i, words, spaces)


def read_words(rows: Iterable[list[str]]) -> tuple[list[str], list[bool]]:
    """Return the words of a sentence and the spaces after them.

    A range has the space of its last word. Where its words are not its form cut into pieces, such
    as those of ``wanna``, the form stands for them::

        1-2  don't  …  SpaceAfter=No        do n't
        1    do     …  _
        2    n't    …  _
    """
    words: list[str] = []
    spaces: list[bool] = []
    whole = ""  # the form of the range that is being read
    last = 0
    range_has_space = True
    pieces: list[str] = []
    for row in rows:
        if len(row) != N_COLUMNS or "." in row[0]:
            continue
        has_space = NO_SPACE not in row[-1].split("|")
        if "-" in row[0]:
            whole = row[1]
            last = int(row[0].partition("-")[2])
            range_has_space = has_space
            pieces = []
        elif not whole:
            words.append(row[1])
            spaces.append(has_space)
        else:
            pieces.append(row[1])
            if int(row[0]) == last:
                if "".join(pieces) != whole:
                    pieces = [whole]
                words += pieces
                spaces += [False] * (len(pieces) - 1) + [range_has_space]
                whole = ""
    return words, spaces


@dataclass(slots=True)
class Count:
    """What became of the gaps of a corpus."""

    n_gaps: int = 0
    n_right: int = 0
    n_spaces: int = 0

    def row(self, name: str, part: str) -> tuple[str, ...]:
        """Return a row of the table."""
        right = f"{self.n_right / self.n_gaps:.2%}"
        spaces = f"{self.n_spaces / self.n_gaps:.2%}"
        return (name, part, f"{self.n_gaps:,}", right, spaces)


def measure(sentences: Iterable[Sentence], errors: Counter[str]) -> Count:
    """Return how many gaps are right, and count what is wrong by the marks beside it."""
    count = Count()
    for sentence in sentences:
        found = detokenize(sentence.words, "en")
        for i, has_space in enumerate(sentence.spaces[:-1]):
            count.n_gaps += 1
            count.n_spaces += has_space
            if found[i] == has_space:
                count.n_right += 1
            else:
                errors[describe(sentence, i)] += 1
    return count


def describe(sentence: Sentence, i: int) -> str:
    """Return what a wrong gap is like."""
    left = sentence.words[i]
    right = sentence.words[i + 1]
    text = " ".join(sentence.words[max(i - CONTEXT, 0) : i + 2 + CONTEXT])
    kind = "is spaced" if sentence.spaces[i] else "is not spaced"
    return f"{name_word(left)} {name_word(right)} {kind}, as in: {text}"


def name_word(word: str) -> str:
    """Return a mark itself, and a general name of anything else."""
    if word.isalpha():
        return "word"
    return "number" if word[0].isdigit() else word


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--errors", type=int, default=0, help="so many kinds of errors")
    arguments = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"Skipped: there is no {DATA}. The real data is not part of this repository.")

    gum = list(read_sentences(DATA / GUM))
    seen: Counter[str] = Counter()
    unseen: Counter[str] = Counter()
    rows = [
        measure(read_sentences(DATA / EWT_DEV), seen).row("EWT dev", "the rules looked at it"),
        measure((s for s in gum if s.document_i % 2 == 0), seen).row("GUM, half", "so here"),
        measure(read_sentences(DATA / EWT_TEST), unseen).row("EWT test", "never looked at"),
        measure((s for s in gum if s.document_i % 2), unseen).row("GUM, other half", "so here"),
    ]
    header = ("corpus", "part", "gaps", "right", "spaces only")
    msg.table(rows, header=header, aligns=tuple("llrrr"), divider=True)
    show_errors(seen, arguments.errors)


def show_errors(errors: Counter[str], n_kinds: int) -> None:
    """Print the most frequent kinds of errors, each with a few of its places."""
    places: dict[str, list[str]] = {}
    for error in errors.elements():
        kind, _, place = error.partition(", as in: ")
        places.setdefault(kind, []).append(place)
    by_size = sorted(places.items(), key=lambda item: -len(item[1]))
    for kind, texts in by_size[:n_kinds]:
        print(f"{len(texts):5}  {kind}", *texts[:CONTEXT], sep="\n         ")


if __name__ == "__main__":
    main()
