"""A pipeline in memory, which reads the texts of many clients and keeps nothing of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from spacy.language import Language
from spacy.tokens import Span

from spacy_hf_ner.checking.subwords import SubwordReader, find_subword_reader
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.pipelines import find_spans_key, load_pipeline
from spacy_hf_ner.pipe.component_settings import Threshold, check_threshold
from spacy_hf_ner.pipe.components import find_components, require_scores
from spacy_hf_ner.pipe.found_entities import EntityFinder
from spacy_hf_ner.pipe.pipeline_entities import find_entity_group, make_reader, take_threshold
from spacy_hf_ner.pipe.text_stream import AnnotatedText, annotate_texts
from spacy_hf_ner.serving.batch_queue import Answer, TextJob

__all__ = ["LoadedPipeline"]

_WARM_UP = "Ada Lovelace wrote to Charles Babbage in London."
_CHARACTERS_PER_SUBWORD = 4


@dataclass(frozen=True, slots=True)
class _Text:
    """What a tokenizer of subwords reads of a Doc."""

    text: str


@dataclass(frozen=True, slots=True)
class LoadedPipeline:
    """A pipeline that answers.

    Attributes:
        nlp: The pipeline.
        finder: Where its entities are.
        threshold: Its own threshold, for those who name none.
        subwords: What counts its subwords; None if it has no token classifier of its own.
    """

    nlp: Language
    finder: EntityFinder
    threshold: Threshold
    subwords: SubwordReader | None

    @classmethod
    def load(cls, name: str) -> "LoadedPipeline":
        """Return a pipeline that has read a text already: the first one costs more than others.

        Raises:
            ConfigError: There is no such pipeline.
            CheckpointError: Its checkpoint cannot be read, or its head was never trained.
        """
        nlp = load_pipeline(name)
        finder = EntityFinder(find_entity_group(nlp), find_spans_key(nlp))
        pipeline = cls(nlp, finder, take_threshold(nlp), find_subword_reader(nlp))
        pipeline.nlp(_WARM_UP)
        return pipeline

    @property
    def entity_types(self) -> tuple[str, ...]:
        """The entity types that its hf_ner components find; none without them."""
        types: dict[str, None] = {}
        for component in find_components(self.nlp).values():
            types.update(dict.fromkeys(component.labels))
        return tuple(types)

    def choose_threshold(self, threshold: Threshold) -> Threshold:
        """Return the threshold that a client names, or else the pipeline's own.

        Raises:
            ConfigError: It is out of its range, names an unknown type, or there are no scores.
        """
        if threshold is None:
            return self.threshold
        require_scores(self.nlp)
        check_threshold(threshold, self.entity_types)
        return threshold

    def choose_types(self, types: Sequence[str] | None) -> frozenset[str] | None:
        """Return the entity types that a client names; None for all.

        Raises:
            ConfigError: The pipeline's hf_ner components do not know one of them.
        """
        if types is None:
            return None
        known = self.entity_types
        unknown = [entity_type for entity_type in types if entity_type not in known]
        if unknown and known:
            raise ConfigError(
                f"types must be among {', '.join(known)}, got {', '.join(unknown)}.",
                settings=("types",),
            )
        return frozenset(types)

    def count_subwords(self, texts: Sequence[str]) -> list[int]:
        """Return how many subwords each text has, or about as many where nobody can count them."""
        counts = self._try_to_count(texts)
        if counts is None:
            return [len(text) // _CHARACTERS_PER_SUBWORD for text in texts]
        return counts

    def _try_to_count(self, texts: Sequence[str]) -> list[int] | None:
        if self.subwords is None:
            return None
        try:
            encodings = self.subwords.tokenizer.encode([_Text(text) for text in texts])
        except Exception:  # noqa: BLE001 - some text fails, and will do so by itself when it is read
            return None
        return [len(encoding.ids) for encoding in encodings]

    def read(self, jobs: Sequence[TextJob]) -> list[Answer]:
        """Return what became of each text; of one that fails, why."""
        # Without it spaCy would remember each word that it has ever read. No Doc may leave it.
        with self.nlp.memory_zone():
            return self._read_all(jobs)

    def _read_all(self, jobs: Sequence[TextJob]) -> list[Answer]:
        texts = ((job.text, job, job.error) for job in jobs)
        answers: list[Answer] = []
        for annotated in annotate_texts(self.nlp, texts, batch_size=len(jobs)):
            answers.append(self._describe(annotated))
        return answers

    def find_entities(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return the entities of texts, while others are being read."""
        return make_reader(self.nlp, self.finder)(texts)

    def _describe(self, annotated: AnnotatedText[TextJob]) -> Answer:
        if annotated.doc is None:
            return {"error": annotated.error}
        try:
            return annotated.source.describe(annotated.doc, self)
        except Exception as error:  # noqa: BLE001 - no text may fail with another one
            return {"error": f"{type(error).__name__}: {error}"}
