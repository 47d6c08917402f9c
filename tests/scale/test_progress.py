"""What a terminal shows of a run."""

import pytest

from spacy_hf_ner.scale.progress import RunProgress


def test_documents_words_and_errors_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with RunProgress(100, n_before=20) as progress:
        progress.add(30, 600)
        progress.add(-10, -200)
        progress.add_errors(2)
        assert progress._bar.n == 40
    shown = capsys.readouterr().err
    assert "annotating" in shown
    assert "40/100" in shown
    assert "words/s, 2 errors" in shown


def test_nothing_is_shown_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with RunProgress(100, n_before=0) as progress:
        progress.add(30, 600)
    assert capsys.readouterr().err == ""
