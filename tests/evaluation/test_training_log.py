from pathlib import Path

import pytest

from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.evaluation.training_log import TrainingStep, read_training_log


def test_a_line_of_spacys_console_logger_is_read(tmp_path: Path) -> None:
    line = '{"epoch":1,"step":200,"losses":{"ner":3.5},"scores":{"ents_f":88.5},"score":0.885}\n\n'
    (tmp_path / "log.jsonl").write_text(line)
    assert read_training_log(tmp_path / "log.jsonl") == (TrainingStep(200, 1, {"ner": 3.5}, {"ents_f": 88.5}, 0.885),)


@pytest.mark.parametrize("line", ["{not json", "[1, 2]", '{"step": 3}'])
def test_another_line_is_refused_by_its_number(tmp_path: Path, line: str) -> None:
    good = '{"epoch":1,"step":2,"losses":{},"scores":{},"score":0.1}\n'
    (tmp_path / "log.jsonl").write_text(good + line)
    with pytest.raises(CorpusError, match=r"log\.jsonl:2: expected a JSON object"):
        read_training_log(tmp_path / "log.jsonl")
