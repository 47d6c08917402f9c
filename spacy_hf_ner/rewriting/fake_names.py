"""Names that Faker has for a locale: the one file that imports it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from spacy_hf_ner.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from faker import Faker

__all__ = ["FakeNames", "NameLists", "Sex", "list_locales", "list_names"]

Sex = Literal["female", "male", ""]

# Faker draws names, and lists none. So many draws leave out only the rarest.
_N_DRAWS: Final = 3000

# Locales that Faker warns of, because they have another name by now.
_OLD_LOCALES: Final = frozenset({"fr_QC"})


@dataclass(frozen=True, slots=True)
class NameLists:
    """The names of a locale, in Latin letters where it has them.

    Attributes:
        female: First names of women.
        male: First names of men.
        last: Family names.
    """

    female: frozenset[str]
    male: frozenset[str]
    last: frozenset[str]

    def find_sex(self, first_name: str) -> Sex:
        """Return whose name a first name is; empty where it is both's or unknown."""
        is_female = first_name in self.female
        is_male = first_name in self.male
        if is_female == is_male:
            return ""
        return "female" if is_female else "male"


class FakeNames:
    """Draws names of a locale.

    Args:
        locale: As Faker calls it, such as ``en_IN``.
        seed: What decides which names come; None for others each time.

    Raises:
        ConfigError: Faker has no such locale.
        MissingExtraError: Faker is not installed.
    """

    def __init__(self, locale: str, *, seed: int | None = None) -> None:
        self._fake = _open_faker(locale)
        if seed is not None:
            self._fake.seed_instance(seed)

    def draw_first_name(self, sex: Sex) -> str:
        """Return a first name."""
        draw = {
            "female": self._fake.first_name_female,
            "male": self._fake.first_name_male,
            "": self._fake.first_name,
        }
        return str(draw[sex]())

    def draw_last_name(self) -> str:
        """Return a family name."""
        return str(self._fake.last_name())

    def draw_city(self) -> str:
        """Return the name of a city."""
        return str(self._fake.city())

    def draw_country(self) -> str:
        """Return the name of a country, in the language of the locale."""
        return str(self._fake.country())

    def draw_company(self) -> str:
        """Return the name of a company."""
        return str(self._fake.company())


def list_locales(country_code: str = "") -> list[str]:
    """Return the locales that Faker has, or those of one country, such as ``IN``."""
    _open_faker("en_US")
    from faker.config import AVAILABLE_LOCALES

    suffix = f"_{country_code}" if country_code else ""
    locales: list[str] = []
    for locale in sorted(AVAILABLE_LOCALES):
        if locale.endswith(suffix) and locale not in _OLD_LOCALES:
            locales.append(locale)
    return locales


@lru_cache(maxsize=128)
def list_names(locale: str) -> NameLists:
    """Return the names of persons that Faker has for a locale.

    Raises:
        ConfigError: Faker has no such locale.
        MissingExtraError: Faker is not installed.
    """
    # Rare names are drawn as often as common ones: that lists more of them, ten times as fast.
    fake = _open_faker(locale, use_weighting=False)
    fake.seed_instance(0)
    # Some languages that are not written in Latin letters have their names in these, too: Japanese
    # in the last of three scripts, Chinese without saying whose name a first name is.
    if hasattr(fake, "first_name_female_pair"):
        return NameLists(
            female=_draw(lambda: fake.first_name_female_pair()[-1]),
            male=_draw(lambda: fake.first_name_male_pair()[-1]),
            last=_draw(fake.last_romanized_name),
        )
    romanized_first = getattr(fake, "first_romanized_name", None)
    romanized_last = getattr(fake, "last_romanized_name", None)
    if romanized_first is not None and romanized_last is not None:
        first = _draw(romanized_first)
        return NameLists(female=first, male=first, last=_draw(romanized_last))
    return NameLists(
        female=_draw(fake.first_name_female),
        male=_draw(fake.first_name_male),
        last=_draw(fake.last_name),
    )


def _draw(draw: Callable[[], str]) -> frozenset[str]:
    drawn: set[str] = set()
    for _ in range(_N_DRAWS):
        drawn.add(draw())
    return frozenset(drawn)


def _open_faker(locale: str, *, use_weighting: bool = True) -> "Faker":
    try:
        from faker import Faker
    except ImportError as error:
        raise MissingExtraError(
            "faker", extra="rewrite", purpose="rewriting names as other names"
        ) from error
    try:
        return Faker(locale, use_weighting=use_weighting)
    except AttributeError as error:
        raise ConfigError(
            f"locale must be one that Faker knows, such as en_US or de_DE, got {locale!r}.",
            settings=("locale",),
        ) from error
