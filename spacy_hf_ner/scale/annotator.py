"""A pipeline that annotates any number of texts in constant memory, and loses none."""

from collections.abc import Iterable, Iterator
from typing import Final

from spacy.cli._util import import_code
from spacy.language import Language
from spacy.tokens import Span

from spacy_hf_ner.core.wording import count
from spacy_hf_ner.corpus.text_input import PlainText
from spacy_hf_ner.evaluation.device import use_gpu
from spacy_hf_ner.evaluation.pipelines import find_spans_key, load_pipeline
from spacy_hf_ner.pipe.components import find_components, set_threshold
from spacy_hf_ner.pipe.found_entities import EntityFinder
from spacy_hf_ner.pipe.text_stream import AnnotatedText, annotate_texts
from spacy_hf_ner.scale.annotate_settings import AnnotateSettings

__all__ = ["Annotator", "load_annotator"]

MAX_NEW_STRINGS: Final = 300_000  # that a vocabulary remembers: some 100 MB


class Annotator:
    """Annotates texts as settings say.

    spaCy remembers every word that it has read. An annotator that remembers too many is worn:
    whoever made it makes a new one, or loads it again.

    Attributes:
        finder: Where the entities of its Docs are.
        scores_key: The span group that has their scores; empty where there are none.
    """

    def __init__(self, nlp: Language, settings: AnnotateSettings) -> None:
        self._nlp = nlp
        self._settings = settings
        self._n_strings = len(nlp.vocab.strings)
        self.finder = EntityFinder(settings.spans_key, find_spans_key(nlp))
        self.scores_key = settings.spans_key or ""
        if find_components(nlp) and not self.scores_key:
            self.scores_key = self.finder.fallback_key

    @property
    def batch_size(self) -> int:
        """How many texts are predicted together."""
        return self._settings.batch_size or self._nlp.batch_size

    @property
    def is_worn(self) -> bool:
        """Whether it remembers more words than it should."""
        return len(self._nlp.vocab.strings) > self._n_strings + MAX_NEW_STRINGS

    def annotate(self, texts: Iterable[PlainText]) -> Iterator[AnnotatedText[PlainText]]:
        """Yield what becomes of each text, in order: a Doc, or an error."""
        return annotate_texts(self._nlp, map(self._admit, texts), batch_size=self.batch_size)

    def find_entities(self, annotated: AnnotatedText[PlainText]) -> list[Span]:
        """Return the entities of a text; none if it failed."""
        return self.finder.find(annotated.doc)

    def _admit(self, text: PlainText) -> tuple[str, PlainText, str]:
        """Return a text, itself and why it is not read, if it is not."""
        n_chars = len(text.text)
        if text.error or n_chars <= self._settings.max_chars:
            return text.text, text, text.error
        most = count(self._settings.max_chars, "character")
        return "", text, f"expected at most {most}, got {count(n_chars, 'character')}"

    def warm_up(self) -> None:
        """Have the network make what it makes when it is first used, such as a copy in bf16."""
        self._nlp("Warm.")


_loaded: list[tuple[AnnotateSettings, Annotator]] = []


def load_annotator(settings: AnnotateSettings) -> Annotator:
    """Return the annotator of this process: it is loaded once, and anew where it is worn.

    Raises:
        ConfigError: There is no such pipeline, or a setting does not go with it.
    """
    for known, annotator in _loaded:
        if known == settings and not annotator.is_worn:
            return annotator
    _loaded.clear()  # before the next one is loaded: two need twice the memory
    import_code(settings.code)
    use_gpu(settings.gpu_id, silent=True)
    nlp = load_pipeline(settings.model)
    if settings.threshold is not None:
        set_threshold(nlp, settings.threshold)
    annotator = Annotator(nlp, settings)
    _loaded.append((settings, annotator))
    return annotator
