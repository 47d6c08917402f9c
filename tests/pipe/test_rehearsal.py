"""The tags that a teacher and a model share."""

import pytest

from spacy_hf_ner.core.labels import TagSet, read_labels
from spacy_hf_ner.pipe.rehearsal import match_columns


def read(labels: str) -> TagSet:
    return read_labels(labels.split(), scheme="IOB2")


@pytest.mark.parametrize(
    ("teacher", "model", "expected"),
    [
        ("O B-A I-A", "O B-A I-A", ([0, 1, 2], [0, 1, 2])),
        ("O B-A I-A", "O B-B I-B B-A I-A", ([0, 1, 2], [0, 3, 4])),
        ("O B-A I-A B-B I-B", "O B-B I-B", ([0, 3, 4], [0, 1, 2])),
        ("PAD O B-A I-A", "PAD O B-A I-A", ([0, 1, 2, 3], [0, 1, 2, 3])),
        ("PAD O B-A I-A", "O B-A I-A", ([1, 2, 3], [0, 1, 2])),
        ("O B-A I-A", "PAD O B-A I-A", ([0, 1, 2], [1, 2, 3])),
    ],
)
def test_columns_of_shared_tags_are_paired_and_none_twice(
    teacher: str, model: str, expected: tuple[list[int], list[int]]
) -> None:
    teacher_columns, columns = match_columns(read(teacher), read(model))
    assert (teacher_columns.tolist(), columns.tolist()) == expected
