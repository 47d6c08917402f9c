"""Rehearsal: a copy of the model, made before it learns more, is the teacher of the model.

The model is pulled towards the teacher's scores, on the tags that both have.
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
    """The scores of a teacher for some Docs.

    Attributes:
        rows: Log-probabilities of the shared tags. Shape of each: (n_units, n_shared).
        columns: The columns of these tags in the model that learns. Shape: (n_shared,).
        cut_tokens: The tokens of each Doc that have several rows. Shape of each: (n_cut,).
    """

    rows: list[Floats32]
    columns: Ints
    cut_tokens: list[Ints]


def ask_teacher(
    teacher: TokenClassifier, docs: Sequence[Doc], *, teacher_tags: TagSet, tag_set: TagSet
) -> Lesson:
    """Return the scores of a teacher for some Docs.

    Args:
        teacher: The copy of the model.
        docs: The Docs.
        teacher_tags: The tags of the teacher.
        tag_set: The tags of the model that learns.
    """
    teacher_columns, columns = match_columns(teacher_tags, tag_set)
    rows: list[Floats32] = []
    cut_tokens: list[Ints] = []
    for predicted in teacher.predict(docs):
        shared = predicted.rows[:, teacher_columns]
        with np.errstate(invalid="ignore"):  # a row of NaN stays one
            rows.append(shared - np.logaddexp.reduce(shared, axis=1, keepdims=True))
        token_i = predicted.units.token_i
        cut_tokens.append(np.unique(token_i[1:][token_i[1:] == token_i[:-1]]))
    return Lesson(rows, columns, cut_tokens)


def match_columns(teacher_tags: TagSet, tag_set: TagSet) -> tuple[Ints, Ints]:
    """Return the columns of the tags that two tag sets share, in each of the two.

    Shape of both: (n_shared,).
    """
    teacher_columns: list[int] = []
    columns: list[int] = []
    for teacher_column, column in enumerate(teacher_tags.columns_in(tag_set)):
        if column is not None:
            teacher_columns.append(teacher_column)
            columns.append(column)
    return np.array(teacher_columns, dtype=np.int64), np.array(columns, dtype=np.int64)


def check_vectors(teacher: TokenClassifier, docs: Sequence[Doc], *, name: str) -> None:
    """Check that a teacher that listens to another component finds its vectors on the Docs.

    That component is not copied with the teacher, so it must not have learned since.

    Raises:
        ConfigError: The Docs have no vectors.
    """
    if not teacher.is_listener:
        return
    vectors = teacher.model.get_ref("tok2vec").predict(list(docs))
    if any(doc_vectors.any() for doc_vectors in vectors):
        return
    raise ConfigError(
        f"{name}: to rehearse, expected Docs with the vectors of the encoder that it listens to, "
        "got Docs without. Keep that encoder frozen and run it on the Docs before; or call "
        "nlp.replace_listeners before nlp.resume_training; or leave the component out: "
        f"nlp.rehearse(…, exclude=[{name!r}])."
    )
