"""What is stored beside a model, and which of the files there are this package's own."""

from dataclasses import replace
from pathlib import Path

from spacy_hf_ner.model.notes import Notes, is_saved_model_file, read_notes
from spacy_hf_ner.model.reading.limits import Limits


def test_notes_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert read_notes(tmp_path, "x") is None
    limits = Limits(max_subwords=30, n_embeddings=None, pad_id=1, reach=64)
    notes = Notes("IOB2", window=16, subword_labels="all", limits=limits, labels=("O", "B-PER"))
    notes = replace(notes, aggregation="mean", label_unit="subword")
    notes.write(tmp_path)
    assert read_notes(tmp_path, "x") == notes


def test_files_of_a_saved_model_are_told_from_all_others(tmp_path: Path) -> None:
    saved = ["config.json", "model.safetensors", "model_int8.onnx", "head.safetensors", "tok2vec"]
    others = ["README.md", "other.onnx", "training_args.bin"]
    paths = [tmp_path / name for name in (*saved, *others)]
    # There are no notes: somebody else has written all of it.
    assert not any(is_saved_model_file(path) for path in paths)
    Notes("IOB2").write(tmp_path)
    assert [path.name for path in paths if is_saved_model_file(path)] == saved
