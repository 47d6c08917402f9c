"""Other names of the same kind: persons by their parts, cities, countries, companies.

A name becomes the same wherever it stands, and so does each part of a person's name::

    Angela Merkel met Sarah.   Merkel left.
    Susan Clark   met Joanna.  Clark left.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from spacy.tokens import Doc

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.rewriting.fake_names import FakeNames, list_names
from spacy_hf_ner.rewriting.kinds import find_kind
from spacy_hf_ner.rewriting.names import Name, match_case, normalise
from spacy_hf_ner.rewriting.secret_files import write_secret

__all__ = ["Pseudonyms", "Reversal"]

# Which names Faker has for English decides whether a first name is a woman's or a man's.
_KNOWN_LOCALE: Final = "en_US"

_N_TRIES: Final = 100
_WORD: Final = re.compile(r"\w+")
_INITIAL: Final = re.compile(r"[^\W\d_]\.?")
_TITLES: Final = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "sir", "lady", "lord"})

_FORMAT: Final = "hf-ner pseudonyms 1"


class Pseudonyms:
    """Replaces names by those that Faker has for a locale.

    No two names become the same, and none becomes a name that a text so far holds.

    Args:
        locale: As Faker calls it, such as ``de_DE``.
        seed: What decides which names come; None for others each time.
        key_file: A file that leads back to the old names; :meth:`save` writes it, and names in it
            become what they became before. None for no way back.

    Raises:
        ConfigError: Faker has no such locale, or the file is none of pseudonyms.
        MissingExtraError: Faker is not installed.
    """

    def __init__(
        self, locale: str = "en_US", *, seed: int | None = None, key_file: Path | None = None
    ) -> None:
        self._fake = FakeNames(locale, seed=seed)
        self._lists = list_names(_KNOWN_LOCALE)
        self._key_file = key_file
        # By kind and normalised text: what a name, or a part of a person's, has become.
        self._chosen: dict[tuple[str, str], str] = {}
        self._given: set[str] = set()  # the new names, normalised
        self._seen_words: set[str] = set()  # of all texts so far
        # As it stands in new texts → as it stood in old ones.
        self._old_texts: dict[str, str] = {}
        if key_file is not None and key_file.exists():
            self._read(key_file)

    def choose(self, doc: Doc, names: Sequence[Name]) -> list[str | None]:
        """Return a name of the same kind for each mention; None for what is no such name."""
        self._seen_words |= _list_words(doc.text)
        return [self._replace(name) for name in names]

    def forget(self) -> None:
        """Let names become others from now on; with a key file they stay what they are."""
        if self._key_file is None:
            self._chosen.clear()
            self._given.clear()
            self._seen_words.clear()

    def save(self) -> None:
        """Write the key file, if there is to be one.

        Raises:
            OutputError: It cannot be written. What was there stays.
        """
        if self._key_file is None:
            return
        chosen: list[list[str]] = []
        for (kind, old), new in self._chosen.items():
            chosen.append([kind, old, new])
        value = {"format": _FORMAT, "chosen": chosen, "old_texts": self._old_texts}
        write_secret(self._key_file, json.dumps(value, ensure_ascii=False, indent=1) + "\n")

    def _replace(self, name: Name) -> str | None:
        kind = find_kind(name.entity_type)
        new: str | None = None
        if kind == "person":
            new = self._replace_person(name.text)
        elif kind == "place":
            new = self._look_up(kind, name.text, self._choose_place(name.text))
        elif kind == "organisation":
            new = self._look_up(kind, name.text, self._fake.draw_company)
        if new is None:
            return None
        new = match_case(name.text, new)
        self._old_texts.setdefault(new, name.text)
        return new

    def _replace_person(self, text: str) -> str | None:
        words = text.split()
        parts: list[str] = []
        for i, word in enumerate(words):
            # "Ms" stays, and so do the small words of "Ursula von der Leyen".
            if word.casefold().rstrip(".") in _TITLES or (word.islower() and len(words) > 1):
                parts.append(word)
                continue
            is_last = i == len(words) - 1
            new = self._look_up("person", word, self._choose_part(word, is_last=is_last))
            if new is None:
                return None
            if _INITIAL.fullmatch(word):
                new = new[0] + word[1:]
            parts.append(new)
        return " ".join(parts)

    def _choose_part(self, word: str, *, is_last: bool) -> Callable[[], str]:
        """Return what draws a name like a part of a person's name."""
        first_name = word.title()
        is_first_name = first_name in self._lists.female | self._lists.male
        if is_last and not is_first_name:
            return self._fake.draw_last_name
        sex = self._lists.find_sex(first_name)
        return lambda: self._fake.draw_first_name(sex)

    def _choose_place(self, text: str) -> Callable[[], str]:
        from spacy_hf_ner.rewriting.places import find_country

        if find_country(text):
            return self._fake.draw_country
        return self._fake.draw_city

    def _look_up(self, kind: str, text: str, draw: Callable[[], str]) -> str | None:
        """Return what a name has become, or a new one; None if all that come are taken."""
        key = (kind, normalise(text))
        if key not in self._chosen:
            new = self._draw_free(draw)
            if new is None:
                return None
            self._chosen[key] = new
        return self._chosen[key]

    def _draw_free(self, draw: Callable[[], str]) -> str | None:
        for _ in range(_N_TRIES):
            new = draw()
            # A name whose words all stand in the texts may stand there itself.
            if normalise(new) in self._given or _list_words(new) <= self._seen_words:
                continue
            self._given.add(normalise(new))
            return new
        return None

    def _read(self, path: Path) -> None:
        value = _read_key_file(path)
        self._chosen = {(kind, old): new for kind, old, new in value["chosen"]}
        self._old_texts = dict(value["old_texts"])
        self._given = set(map(normalise, self._chosen.values()))


class Reversal:
    """Puts old names back into texts, by a key file.

    Names are found as they stand, as whole words, the longest first.

    Args:
        key_file: What :meth:`Pseudonyms.save` wrote.

    Raises:
        ConfigError: It is no such file.
    """

    def __init__(self, key_file: Path) -> None:
        self._old_texts: Mapping[str, str] = _read_key_file(key_file)["old_texts"]
        longest_first = sorted(self._old_texts, key=len, reverse=True)
        alternatives = "|".join(map(re.escape, longest_first))
        # Without names there is nothing to find, and an empty alternative would be everywhere.
        pattern = rf"(?<!\w)(?:{alternatives})(?!\w)"
        if not alternatives:
            pattern = r"(?!)"
        self._pattern = re.compile(pattern)

    def restore(self, text: str) -> str:
        """Return a text with its old names."""
        return self._pattern.sub(lambda match: self._old_texts[match[0]], text)


def _list_words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _read_key_file(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf8"))
        is_ours = value["format"] == _FORMAT
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refuse(path, type(error).__name__) from error
    if not is_ours:
        raise _refuse(path, repr(value["format"]))
    result: dict[str, Any] = value
    return result


def _refuse(path: Path, found: str) -> ConfigError:
    return ConfigError(
        f"key_file must be one that rewriting with pseudonyms has written, but {path} cannot be "
        f"read as such ({found}). Name another file.",
        settings=("key_file",),
    )
