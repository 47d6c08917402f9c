"""Documents in another script than the rest: perhaps in another language."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from spacy_hf_ner.checking.findings import Finding, Place, make_place
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.core.wording import count

__all__ = ["check_scripts"]

# Japanese and Korean are written in several scripts at once.
_EAST_ASIAN: Final = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "IDEOGRAPHIC"}

# A document with fewer letters, such as a score, has no script of its own.
_MIN_LETTERS: Final = 20


def check_scripts(data: CheckedData) -> Iterator[Finding]:
    """Yield a finding on documents that are mostly in another script than most documents."""
    script_of_doc: list[tuple[str, Place]] = []
    n_docs: Counter[str] = Counter()
    for part, doc_i, gold_doc in data.docs():
        script = _find_script(gold_doc.doc.text)
        if script is not None:
            place = make_place(part.name, doc_i, gold_doc.doc, 0, 0)
            script_of_doc.append((script, place))
            n_docs[script] += 1
    if len(n_docs) < 2:  # noqa: PLR2004 - one script is as it should be
        return
    main_script, _ = n_docs.most_common(1)[0]
    others = [place for script, place in script_of_doc if script != main_script]
    yield Finding(
        check="scripts",
        severity="warning",
        n=len(others),
        message=f"{count(len(others), 'document')} in another script than {main_script.title()}, "
        "in which most are.",
        advice="Check that they belong there, and that the encoder knows their language.",
        examples=others,
    )


def _find_script(text: str) -> str | None:
    """Return the script of most letters, such as "LATIN"; None where there are few letters."""
    n_letters: Counter[str] = Counter()
    for char, n in Counter(text).items():
        if char.isalpha():
            n_letters[_name_script(char)] += n
    if n_letters.total() < _MIN_LETTERS:
        return None
    script, _ = n_letters.most_common(1)[0]
    return script


@lru_cache(maxsize=4096)
def _name_script(letter: str) -> str:
    # Names of letters begin with their script: "CYRILLIC SMALL LETTER A", "CJK UNIFIED …".
    script = unicodedata.name(letter, "UNKNOWN").split()[0].split("-")[0]
    if script in _EAST_ASIAN:
        return "CJK"
    return script
