"""One document of 200,000 words: time, peak memory, and whether its parts give the same entities.

    python benchmarks/long_document.py MODEL [--words 200000] [--precision auto|fp32]

The parts are cut where the windows of the whole are, at sentence starts, so both read the same
windows.
"""

import argparse
import time
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_hf_ner.evaluation.memory import read_peak_memory
from spacy_hf_ner.model.reading.layout import lay_out


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("--words", type=int, default=200_000)
    parser.add_argument("--precision", default="auto")
    parser.add_argument(
        "--check", action="store_true", help="read the parts too; it takes as long again"
    )
    args = parser.parse_args()
    nlp = spacy.load(args.model, config={"components.hf_ner.model.precision": args.precision})
    nlp.max_length = 10_000_000
    text = make_text(args.words)
    start = time.perf_counter()
    doc = nlp.make_doc(text)
    if args.check:
        doc = nlp.create_pipe("sentencizer")(doc)  # so that windows are cut between sentences
    tokenized = time.perf_counter()
    doc = nlp.get_pipe("hf_ner")(doc)
    done = time.perf_counter()
    peak = (read_peak_memory() or 0) / 2**20
    print(
        f"{len(doc):,} tokens, {len(doc.ents):,} entities; "
        f"spaCy's tokenizer {tokenized - start:.1f} s, ",
        end="",
    )
    print(f"hf_ner {done - tokenized:.1f} s; peak memory of the process {peak:,.0f} MiB")
    if args.check:
        check_parts(nlp, doc)


def make_text(n_words: int) -> str:
    """Return running text with names in it, without blank lines."""
    names = [
        "Angela Merkel",
        "Kofi Annan",
        "Siemens AG",
        "Nairobi",
        "Nobel Prize",
        "São Paulo",
        "Toyota",
        "Mary Robinson",
    ]
    parts: list[str] = []
    n = i = 0
    while n < n_words:
        first, second = names[i % len(names)], names[(i * 3 + 1) % len(names)]
        sentence = (
            f"In week {i} of the talks {first} told reporters that {second} would decide "
            "before the autumn. "
        )
        parts.append(sentence)
        n += len(sentence.split()) + 1
        i += 1
    return "".join(parts)


def check_parts(nlp: Language, whole: Doc) -> None:
    """Compare the entities of the whole with those of its windows, each read as a document."""
    component: Any = nlp.get_pipe("hf_ner")
    shim = component.model.shims[0]
    layout = lay_out([whole], shim.checkpoint.tokenizer.encode([whole]), shim.reading)
    first_tokens = [
        int(layout.units[0].token_i[layout.alignment.owner[window.start]])
        for window in layout.windows
    ]
    parts = [whole[a:b] for a, b in zip(first_tokens, [*first_tokens[1:], len(whole)], strict=True)]
    docs = component.pipe((_copy_unannotated(part) for part in parts), batch_size=1000)
    found = [
        (ent.start + part.start, ent.end + part.start, ent.label_, ent._.score)
        for part, doc in zip(parts, docs, strict=True)
        for ent in doc.ents
    ]
    expected = [(ent.start, ent.end, ent.label_, ent._.score) for ent in whole.ents]
    same = [a[:3] == b[:3] for a, b in zip(found, expected, strict=False)]
    furthest = max((abs(a[3] - b[3]) for a, b in zip(found, expected, strict=False)), default=0.0)
    print(f"read as {len(parts):,} documents: {len(found):,} entities, ", end="")
    print(f"{np.sum(same):,} of them as in the whole, scores differ by at most {furthest:.1e}")


def _copy_unannotated(part: Span) -> Doc:
    return Doc(
        part.doc.vocab,
        words=[token.text for token in part],
        spaces=[bool(token.whitespace_) for token in part],
        sent_starts=[token.is_sent_start for token in part],
    )


if __name__ == "__main__":
    main()
