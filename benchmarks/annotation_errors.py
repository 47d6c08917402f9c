"""How many errors of annotation does ``hf-ner check`` find among its first suggestions?

Some entities of a corpus are corrupted on purpose: a quarter each get another type, another border,
are removed, or invented. The suggestions are then read from the top; one that touches what was
corrupted has found it.

    python benchmarks/annotation_errors.py corpus/conllpp/train.conll
    python benchmarks/annotation_errors.py corpus/conllpp/train.conll --model training/model-best
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import spacy
from spacy.tokens import Doc, Span

from spacy_hf_ner.checking.cross_validation import predict_parts
from spacy_hf_ner.checking.parts import CheckedData, make_part
from spacy_hf_ner.checking.suggestions import Suggestion, rank_suggestions
from spacy_hf_ner.corpus.readers import read_docs
from spacy_hf_ner.evaluation.pipelines import load_pipeline

KINDS: Final = ("type", "border", "removed", "invented")
BUDGETS: Final = (0.02, 0.05, 0.1, 0.2, 0.4)
MAX_INVENTED_TOKENS: Final = 3


@dataclass(frozen=True, slots=True)
class Corruption:
    """An error that was made on purpose: what of which document, in characters."""

    kind: str
    doc_i: int
    start_char: int
    end_char: int

    def is_found_by(self, suggestion: Suggestion) -> bool:
        """Tell whether a suggestion points at it."""
        same_doc = suggestion.place.doc == self.doc_i + 1
        gold = suggestion.gold
        touches = gold.start_char < self.end_char and self.start_char < gold.end_char
        return same_doc and touches


def corrupt(docs: Sequence[Doc], share: float, draw: random.Random) -> list[Corruption]:
    """Corrupt a share of the entities of documents, which are changed; return what was done."""
    places = [(doc_i, i) for doc_i, doc in enumerate(docs) for i in range(len(doc.ents))]
    types = sorted({ent.label_ for doc in docs for ent in doc.ents})
    draw.shuffle(places)
    n = round(share * len(places))
    kind_of_entity = {place: KINDS[i % 3] for i, place in enumerate(places[: n * 3 // 4])}
    corruptions: list[Corruption] = []
    for doc_i, doc in enumerate(docs):
        entities: list[Span] = []
        for i, ent in enumerate(doc.ents):
            kind = kind_of_entity.get((doc_i, i))
            changed = None if kind is None else change(ent, kind, types, draw)
            if kind is None or changed is None:
                entities.append(ent)
                continue
            start_char = min(ent.start_char, changed.start_char)
            end_char = max(ent.end_char, changed.end_char)
            corruptions.append(Corruption(kind, doc_i, start_char, end_char))
            if kind != "removed":
                entities.append(changed)
        doc.ents = entities
    for _ in range(n // 4):
        corruptions.append(invent(docs, types, draw))
    return corruptions


def change(ent: Span, kind: str, types: Sequence[str], draw: random.Random) -> Span | None:
    """Return an entity with an error of a kind; None if there is no room for it."""
    doc = ent.doc
    if kind == "removed":
        return ent
    if kind == "type":
        others = [name for name in types if name != ent.label_]
        return Span(doc, ent.start, ent.end, draw.choice(others))
    borders = []
    if len(ent) > 1:
        borders += [(ent.start + 1, ent.end), (ent.start, ent.end - 1)]
    if ent.start > 0 and not doc[ent.start - 1].ent_type_:
        borders.append((ent.start - 1, ent.end))
    if ent.end < len(doc) and not doc[ent.end].ent_type_:
        borders.append((ent.start, ent.end + 1))
    if not borders:
        return None
    start, end = draw.choice(borders)
    return Span(doc, start, end, ent.label_)


def invent(docs: Sequence[Doc], types: Sequence[str], draw: random.Random) -> Corruption:
    """Add an entity where there is none."""
    while True:
        doc_i = draw.randrange(len(docs))
        doc = docs[doc_i]
        start = draw.randrange(len(doc))
        end = start + draw.randint(1, MAX_INVENTED_TOKENS)
        if end > len(doc) or any(token.ent_type_ for token in doc[start:end]):
            continue
        span = Span(doc, start, end, draw.choice(types))
        doc.ents = [*doc.ents, span]
        return Corruption("invented", doc_i, span.start_char, span.end_char)


def main() -> None:
    """Print precision and recall of the first suggestions, and write them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--model", help="pipeline, or the one whose config folds train")
    parser.add_argument("--folds", type=int, default=3, help="0 asks the model itself")
    parser.add_argument("--max-steps", type=int)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--limit", type=int, default=0, help="documents; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()

    draw = random.Random(arguments.seed)  # noqa: S311 - not for secrets
    nlp = spacy.blank("en")
    docs = list(read_docs(arguments.corpus, nlp.vocab))
    if arguments.limit:
        docs = docs[: arguments.limit]
    n_gold = sum(len(doc.ents) for doc in docs)
    corruptions = corrupt(docs, arguments.share, draw)
    data = CheckedData((make_part("train", docs, spans_key="hf_ner"),), nlp)
    if arguments.model:
        predicted = predict_parts(
            data.parts,
            load_pipeline(arguments.model),
            spans_key="hf_ner",
            n_folds=arguments.folds,
            max_steps=arguments.max_steps,
        )
        data = CheckedData(data.parts, nlp, predicted=predicted)
    suggestions = rank_suggestions(data)
    print(f"{n_gold:,} entities, {len(corruptions):,} corrupted, {len(suggestions):,} suggestions")

    rows = []
    for budget in BUDGETS:
        first = suggestions[: round(budget * n_gold)]
        by_doc: dict[int, list[Suggestion]] = {}
        for suggestion in first:
            by_doc.setdefault(suggestion.place.doc, []).append(suggestion)
        found: Counter[str] = Counter()
        hits: set[int] = set()
        for corruption in corruptions:
            for suggestion in by_doc.get(corruption.doc_i + 1, []):
                if corruption.is_found_by(suggestion):
                    hits.add(id(suggestion))
                    found[corruption.kind] += 1
                    break
        totals = Counter(corruption.kind for corruption in corruptions)
        recall = found.total() / len(corruptions)
        precision = len(hits) / max(len(first), 1)
        of_kind = {kind: round(found[kind] / totals[kind], 3) for kind in KINDS}
        rows.append({"budget": budget, "recall": recall, "precision": precision, **of_kind})
        print(f"{budget:4.0%}  recall {recall:.1%}  precision {precision:.1%}  {of_kind}")
    if arguments.output:
        arguments.output.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
