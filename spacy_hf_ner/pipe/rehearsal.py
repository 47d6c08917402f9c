"""Rehearsal: what a teacher, a copy of the model as it was, says of the tags that it shares with the model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc

from spacy_hf_ner.core.arrays import Floats32, Ints
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.token_classifier import TokenClassifier


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a teacher says.

    Attributes:
        rows: Log-probabilities of the shared tags. Shape of each: (n_units, n_shared).
        columns: The columns of these tags in the model that learns. Shape: (n_shared,).
    """

    rows: list[Floats32]
    columns: Ints


def ask_teacher(
    teacher: TokenClassifier, docs: Sequence[Doc], *, taught: TagSet, known: TagSet
) -> Lesson:
    """Return what a teacher says of some Docs.

    Args:
        teacher: The copy of the model.
        docs: The Docs.
        taught: The tags of the teacher.
        known: The tags of the model that learns.
    """
    theirs, ours = match_columns(taught, known)
    rows = [predicted.rows[:, theirs] for predicted in teacher.predict(docs)]
    with np.errstate(invalid="ignore"):  # NaN stays NaN
        return Lesson([row - np.logaddexp.reduce(row, axis=1, keepdims=True) for row in rows], ours)


def match_columns(taught: TagSet, known: TagSet) -> tuple[Ints, Ints]:
    """Return the columns of the tags that two tag sets share, in either. Shape of each: (n_shared,)."""
    pairs = [(k, column) for k, column in enumerate(taught.columns_in(known)) if column is not None]
    theirs, ours = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return theirs, ours


def check_vectors(teacher: TokenClassifier, docs: Sequence[Doc], *, name: str) -> None:
    """Check that a teacher that listens to another component hears something.

    It reads what that component has set on the Docs. As there is no copy of the component, it must not have learned.

    Raises:
        ConfigError: The Docs have no vectors.
    """
    if teacher.is_listener and not any(
        rows.any() for rows in teacher.model.get_ref("tok2vec").predict(list(docs))
    ):
        raise ConfigError(
            f"{name}: to rehearse, expected Docs with the vectors of the encoder that it listens to, got Docs without. "
            "Keep that encoder frozen and run it on the Docs before; or call nlp.replace_listeners before "
            f"nlp.resume_training; or leave the component out: nlp.rehearse(…, exclude=[{name!r}])."
        )
