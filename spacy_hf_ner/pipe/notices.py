"""What a user should hear, once, of a pipeline or gold that loses entities without an error."""

import logging
from collections.abc import Iterable, Sequence
from functools import lru_cache

from spacy.tokens import Doc

from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.schemes import OUTSIDE
from spacy_hf_ner.pipe.annotation import has_score_extension
from spacy_hf_ner.pipe.segments import find_kept_tokens

__all__ = ["Notices", "say_outside_is_no_type"]

_N_SHOWN = 6  # labels in a message

logger = logging.getLogger("spacy_hf_ner")


class Notices:
    """Says what is wrong with a pipeline, each thing once.

    Args:
        name: The name of the component that says it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._given: set[str] = set()

    def check_labels(self, tag_set: TagSet) -> None:
        """Say that a checkpoint has no label for what is outside of entities."""
        if "labels" in self._given or OUTSIDE in tag_set.columns:
            return
        few = ", ".join(tag_set.entity_types[:_N_SHOWN])
        more = ", …" if len(tag_set.entity_types) > _N_SHOWN else ""
        self._give(
            "labels",
            f'the labels of the checkpoint ({few}{more}) have no "O", so every token will be an '
            "entity: this is the checkpoint of a tagger, which finds parts of speech, say. "
            'Its component is "hf_tagger". Or name a checkpoint that was trained to find '
            "entities, or train this one with gold entities.",
        )

    def check_sentences(self, docs: Iterable[Doc]) -> None:
        """Say that a Doc whose sentences are to be read one by one has no sentence boundaries."""
        if "sentences" in self._given:
            return
        if all(len(doc) <= 1 or doc.has_annotation("SENT_START") for doc in docs):
            return
        self._give(
            "sentences",
            'context = "sentence" reads each sentence by itself, but a Doc has no sentence '
            "boundaries, so it is read as one. Add a component that sets them before this one: "
            f'nlp.add_pipe("sentencizer", before="{self._name}").',
        )

    def check_entities(self, doc: Doc, earlier: Sequence[str]) -> None:
        """Say that entities of another component are kept, and ours are found beside them only.

        Args:
            doc: A Doc that is about to get entities.
            earlier: The components before this one that learn to set entities. Rules are not among
                them: whoever puts rules before means them to win.
        """
        if "entities" in self._given or not earlier or not find_kept_tokens(doc).any():
            return
        others = " and ".join(f'"{name}"' for name in earlier)
        self._give(
            "entities",
            f"{others} set entities before, and overwrite = false keeps them: this component finds "
            "entities on the other tokens only, and gives those no score. Set overwrite = true to "
            'replace them all, or overwrite = "overlapping" to replace those that one of its own '
            f"overlaps; or leave them out: nlp.remove_pipe({earlier[-1]!r}).",
        )

    def say_left_out(self, spans_key: str) -> None:
        """Say that an entity is not in ``doc.ents``, as no whole token lies inside of it."""
        if "left_out" in self._given:
            return
        self._give(
            "left_out",
            'alignment = "contract" left an entity out of doc.ents, because no whole token lies '
            f'inside of it. It is in doc.spans["{spans_key}"]; n_left_out of the component counts '
            'all such entities. alignment = "split" makes tokens of them.',
        )

    def check_extension(self) -> None:
        """Say that ``span._.score`` is somebody else's."""
        if "extension" in self._given or has_score_extension():
            return
        self._give(
            "extension",
            "span._.score does not give the scores of this component: another package has "
            'registered an extension "score". spacy_hf_ner.scores(doc) gives them in any case.',
        )

    def _give(self, what: str, message: str) -> None:
        self._given.add(what)
        logger.warning("%s: %s This is said once.", self._name, message)


@lru_cache(maxsize=16)
def say_outside_is_no_type(key: str) -> None:
    """Say, once for each key, that a wrong span labelled "O" teaches nothing."""
    logger.warning(
        'spans["%s"]: expected spans with the entity type that they do not have, got one labelled '
        '"O". That would say that its tokens are in some entity, which cannot be learned here, so '
        "it is left out. Annotate the entity, or leave the tokens without annotation.",
        key,
    )
