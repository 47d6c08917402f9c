"""Sentences moved from America to other countries: ``python benchmarks/rewriting.py MODEL``.

It writes the table of docs/rewriting.md to stdout. Needs the extra ``[rewrite]``, and a pipeline
that finds names of persons, places and organisations.
"""

import argparse
from collections.abc import Sequence

from spacy.language import Language
from spacy.tokens import Span

from spacy_hf_ner.evaluation.pipelines import load_pipeline
from spacy_hf_ner.rewriting import Remains, Rewriter
from spacy_hf_ner.rewriting.edits import restore
from spacy_hf_ner.rewriting.settings import RewriteSettings, make_method

SENTENCES = (
    "I am going to Boston.",
    "My name is Sarah and I live in Columbia.",
    "Microsoft opened an office in Seattle.",
    "Sarah Miller moved from Chicago to New York.",
    "He drives a Ford and works for General Motors.",
    "Michael's sister lives in San Francisco.",
    "John Smith was born in Houston in 1982.",
    "The flight from Denver to Dallas was late.",
    "Jennifer bought shares of Google and Apple.",
    "Emily Johnson teaches at a school in Portland.",
    "David told Robert that Intel was hiring.",
    "The mayor of Philadelphia met James Brown.",
    "Walmart will close two shops in Phoenix.",
    "Mary and her brother Thomas grew up in Atlanta.",
    "IBM's head, William Davis, spoke in Washington.",
    "They left Miami for Los Angeles on Friday.",
    "Boeing sold forty planes last year.",
    "Jessica has lived in America for ten years.",
    "My cousin Daniel plays chess in Detroit.",
    "Susan Wilson joined Amazon after college.",
    "The river floods Nashville every spring.",
    "Christopher Lee studied medicine in Baltimore.",
    "Pfizer tested the drug in Cleveland.",
    "Linda wrote to her friend Patricia from Memphis.",
    "A train from Pittsburgh hit a truck.",
    "Oracle hired Karen Anderson last week.",
    "Ashley's new job is in Minneapolis.",
    "Mark Taylor won the election in Sacramento.",
    "The United States signed the treaty.",
    "Elizabeth flew to San Diego with Matthew.",
    "Cisco and Dell lost a third of their value.",
    "George Harris runs a bakery in Milwaukee.",
    "Snow fell on Salt Lake City all night.",
    "Barbara Clark sued Citigroup for damages.",
    "Kevin called from Las Vegas at midnight.",
    "Verizon's customers in Tampa had no network.",
    "Nancy Lewis painted the harbour of Oakland.",
    "Joseph left the army and moved to Tucson.",
    "Chevron found oil far from Houston.",
    "Laura asked Steven to meet her in Charlotte.",
)


def rewrite_sentences(nlp: Language, target: str) -> tuple[list[str], Remains]:
    """Return the sentences in another country, and what remained of names."""

    def read(texts: Sequence[str]) -> list[Sequence[Span]]:
        return [doc.ents for doc in nlp.pipe(texts)]

    settings = RewriteSettings("analogy", source="america", target=target)
    rewriter = Rewriter(make_method(settings, read), tokenizer=nlp.tokenizer)
    remains = Remains()
    new: list[str] = []
    for doc in nlp.pipe(SENTENCES):
        rewriting = rewriter.rewrite(doc)
        assert restore(rewriting.doc.text, rewriting.replacements) == doc.text
        remains.add(rewriting)
        new.append(rewriting.doc.text)
    return new, remains


def main() -> None:
    """Print the sentences as they were and as they became."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="Name of an installed pipeline, or its folder.")
    parser.add_argument("--targets", nargs="+", default=["india", "japan"])
    arguments = parser.parse_args()
    nlp = load_pipeline(arguments.model)
    columns: list[tuple[str, ...]] = [SENTENCES]
    for target in arguments.targets:
        new, remains = rewrite_sentences(nlp, target)
        columns.append(tuple(new))
        print(f"{target}: {remains.n_replaced} names replaced, {remains.kept} kept")
    print("| America |", " | ".join(target.title() for target in arguments.targets), "|")
    print("|---" * len(columns) + "|")
    for row in zip(*columns, strict=True):
        print("|", " | ".join(row), "|")


if __name__ == "__main__":
    main()
