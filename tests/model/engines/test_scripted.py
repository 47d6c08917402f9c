"""The engine that answers from a table."""

from spacy_hf_ner.model.engines.scripted import ScriptedEngine


def test_a_scripted_backend_says_what_is_written_down() -> None:
    backend = ScriptedEngine({3: [1.0, 2.0]}, n_tags=2)
    assert backend._table.shape == (5, 2)
    assert backend._table[3].tolist() == [1.0, 2.0]
    assert backend._table[-1].tolist() == [0.0, 0.0]
