"""The exceptions: what they are besides, and that nothing of them is lost between processes."""

import copy
import pickle

import pytest

from spacy_hf_ner import errors
from spacy_hf_ner.errors import ConfigError, HFNerError, MissingExtraError, OutputError

KINDS = {
    "ConfigError": ValueError,
    "TagError": ValueError,
    "AlignmentError": ValueError,
    "CorpusError": ValueError,
    "CheckpointError": ValueError,
    "TrainingError": ValueError,
    "OutputError": OSError,
    "MissingExtraError": ImportError,
}


def make(name: str) -> HFNerError:
    kind = getattr(errors, name)
    if kind is MissingExtraError:
        return MissingExtraError("onnx", extra="onnx", purpose="export")
    if kind is OutputError:
        return OutputError("no space", errno=28)
    error: HFNerError = kind("expected this, got that", settings=("window",))
    return error


def test_all_kinds_are_known() -> None:
    assert {kind.__name__ for kind in HFNerError.__subclasses__()} == set(KINDS)


@pytest.mark.parametrize(("name", "builtin"), KINDS.items())
def test_an_error_is_also_the_one_that_a_stranger_expects(
    name: str, builtin: type[Exception]
) -> None:
    error = make(name)
    assert isinstance(error, builtin)
    assert name in (errors.__doc__ or "")


@pytest.mark.parametrize("name", KINDS)
def test_an_error_crosses_processes_whole(name: str) -> None:
    error = make(name)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.settings == error.settings
        assert getattr(again, "errno", None) == getattr(error, "errno", None)


def test_an_error_names_its_settings() -> None:
    assert ConfigError("a", settings=["window", "overlap"]).settings == ("window", "overlap")
    assert ConfigError("a").settings == ()


def test_a_missing_extra_says_how_to_install_it() -> None:
    message = str(MissingExtraError("onnxruntime", extra="onnx", purpose='backend = "onnx"'))
    assert "pip install 'spacy-hf-ner[onnx]'" in message
    assert "backend" in message
