from pathlib import Path

import pytest

from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.evaluation.training_log import TrainingStep, read_training_log


def test_a_line_of_spacys_console_logger_is_read(tmp_path: Path) -> None:
    line = '{"epoch":1,"step":200,"losses":{"ner":3.5},"scores":{"ents_f":88.5},"score":0.885}\n\n'
    (tmp_path / "log.jsonl").write_text(line, encoding="utf8")
    assert read_training_log(tmp_path / "log.jsonl") == (
        TrainingStep(200, 1, {"ner": 3.5}, {"ents_f": 88.5}, 0.885),
    )


@pytest.mark.parametrize("unknown", ["null", "NaN", "Infinity"])
def test_what_is_no_finite_number_is_left_out(unknown: str, tmp_path: Path) -> None:
    line = '{"epoch":1,"step":2,"losses":{"ner":X},"scores":{"ents_f":X,"speed":9},"score":X}'
    (tmp_path / "log.jsonl").write_text(line.replace("X", unknown), encoding="utf8")
    assert read_training_log(tmp_path / "log.jsonl") == (
        TrainingStep(2, 1, {}, {"speed": 9.0}, None),
    )


def test_a_folder_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(b"\xff\xfe{")
    for path in (tmp_path, tmp_path / "log.jsonl"):
        with pytest.raises(CorpusError, match="expected a training log, JSON lines in UTF-8"):
            read_training_log(path)


BAD_LINES = [
    "{not json",
    "[1, 2]",
    '{"step": 3}',
    '{"epoch":1,"step":Infinity,"losses":{},"scores":{},"score":0.1}',
]


@pytest.mark.parametrize(
    "line", [*BAD_LINES, '{"epoch":1,"step":2,"losses":[1],"scores":{},"score":0.1}']
)
def test_another_line_is_refused_by_its_number(tmp_path: Path, line: str) -> None:
    good = '{"epoch":1,"step":2,"losses":{},"scores":{},"score":0.1}\n'
    (tmp_path / "log.jsonl").write_text(good + line, encoding="utf8")
    with pytest.raises(CorpusError, match=r"log\.jsonl:2: expected a JSON object"):
        read_training_log(tmp_path / "log.jsonl")
