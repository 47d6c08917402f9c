"""Rehearsal: what a teacher says of the tags that it shares with the model.

The teacher is a copy of the model as it was before it went on learning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc

from spacy_hf_ner.core.arrays import Floats32, Ints
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.token_classifier import TokenClassifier

__all__ = ["Lesson", "ask_teacher", "check_vectors", "match_columns"]


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
    teacher_columns, model_columns = match_columns(taught, known)
    rows: list[Floats32] = []
    with np.errstate(invalid="ignore"):  # NaN stays NaN
        for predicted in teacher.predict(docs):
            shared = predicted.rows[:, teacher_columns]
            # Without the tags that are not shared, the others must add up to one again.
            rows.append(shared - np.logaddexp.reduce(shared, axis=1, keepdims=True))
    return Lesson(rows, model_columns)


def match_columns(taught: TagSet, known: TagSet) -> tuple[Ints, Ints]:
    """Return the columns of the tags that two tag sets share, in either.

    Shape of each: (n_shared,).
    """
    taught_columns: list[int] = []
    known_columns: list[int] = []
    for taught_column, known_column in enumerate(taught.columns_in(known)):
        if known_column is not None:
            taught_columns.append(taught_column)
            known_columns.append(known_column)
    return np.array(taught_columns, dtype=np.int64), np.array(known_columns, dtype=np.int64)


def check_vectors(teacher: TokenClassifier, docs: Sequence[Doc], *, name: str) -> None:
    """Check that a teacher that listens to another component hears something.

    It reads what that component has set on the Docs. As there is no copy of the component, it must
    not have learned.

    Raises:
        ConfigError: The Docs have no vectors.
    """
    if not teacher.is_listener:
        return
    vectors_by_doc = teacher.model.get_ref("tok2vec").predict(list(docs))
    if not any(vectors.any() for vectors in vectors_by_doc):
        raise ConfigError(
            f"{name}: to rehearse, expected Docs with the vectors of the encoder that it listens "
            "to, got Docs without. Keep that encoder frozen and run it on the Docs before; or call "
            "nlp.replace_listeners before nlp.resume_training; or leave the component out: "
            f"nlp.rehearse(…, exclude=[{name!r}])."
        )
