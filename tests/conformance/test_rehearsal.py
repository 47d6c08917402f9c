"""`nlp.resume_training` and `nlp.rehearse`: what was known is not forgotten."""

from pathlib import Path

import numpy as np
import pytest
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_hf_ner.model.training.loss import compute_divergence
from tests.checkpoints import make_checkpoint
from tests.conformance.pipelines import (
    TEXT,
    copy_weights,
    get_ner,
    initialize_pipeline,
    make_example,
    make_examples,
    make_pipeline,
    train,
)


@pytest.fixture
def nlp(encoder_checkpoint: Path) -> Language:
    """Return a pipeline that knows people and places and is about to learn something else."""
    fix_random_seed(0)
    nlp = initialize_pipeline(encoder_checkpoint)
    train(nlp, make_examples(nlp), n_steps=20)
    get_ner(nlp).add_label("FRUIT")
    nlp.resume_training()
    return nlp


def new_examples(nlp: Language) -> list[Example]:
    return make_examples(nlp, [("Ripe mango tastes well.", [(5, 10, "FRUIT")])])


def old_texts(nlp: Language) -> list[Example]:
    return [
        make_example(nlp, text, None)
        for text in ("Who is Shaka Khan?", "I like London and Berlin.", TEXT)
    ]


def diverge(nlp: Language) -> float:
    """Return how far the model is from what it was, on texts that it knew."""
    docs = [example.predicted for example in old_texts(nlp)]
    ner = get_ner(nlp)
    assert ner._rehearsal_model is not None
    taught = [doc.rows for doc in ner._rehearsal_model.predict(docs)]
    columns = np.arange(taught[0].shape[1])
    return compute_divergence([doc.rows for doc in ner.model.predict(docs)], taught, columns)[0]


def test_resume_training_keeps_a_copy_of_the_model_that_training_does_not_touch(
    nlp: Language,
) -> None:
    ner = get_ner(nlp)
    doc = nlp.make_doc(TEXT)
    assert ner._rehearsal_model is not None
    before = ner._rehearsal_model.predict([doc])[0].rows
    train(nlp, new_examples(nlp), n_steps=5)
    np.testing.assert_array_equal(ner._rehearsal_model.predict([doc])[0].rows, before)
    assert not np.allclose(ner.model.predict([doc])[0].rows, before, equal_nan=True)


def test_rehearsal_lowers_the_divergence_from_the_old_model(nlp: Language) -> None:
    data = nlp.to_bytes()
    train(nlp, new_examples(nlp), n_steps=10)
    without = diverge(nlp)
    nlp.from_bytes(data)
    sgd = Adam(5e-3)
    for _ in range(10):
        nlp.update(new_examples(nlp), sgd=sgd)
        nlp.rehearse(old_texts(nlp), sgd=sgd)
    assert without > 0.01
    assert diverge(nlp) < without / 2


def test_rehearsal_of_a_pipeline_moves_the_weights(nlp: Language) -> None:
    train(nlp, new_examples(nlp), n_steps=5)
    before = copy_weights(nlp)
    losses = nlp.rehearse(old_texts(nlp), sgd=Adam(5e-3), losses={})
    moved = [
        name
        for name, weights in copy_weights(nlp).items()
        if not np.array_equal(before[name], weights)
    ]
    assert losses["hf_ner"] > 0
    assert {"classifier.weight", "bert.embeddings.word_embeddings.weight"} <= set(moved)


def test_gradients_of_rehearsal_do_not_leak_into_the_next_update(nlp: Language) -> None:
    train(nlp, new_examples(nlp), n_steps=5)
    nlp.rehearse(old_texts(nlp), sgd=Adam(0.0))
    before = copy_weights(nlp)
    nlp.update([make_example(nlp, TEXT, None)], sgd=Adam(1.0))
    assert all(np.array_equal(before[name], weights) for name, weights in copy_weights(nlp).items())


def test_rehearsal_alone_brings_the_model_back(nlp: Language) -> None:
    train(nlp, new_examples(nlp), n_steps=10)
    forgotten, sgd = diverge(nlp), Adam(5e-3)
    for _ in range(20):
        nlp.rehearse(old_texts(nlp), sgd=sgd)
    assert diverge(nlp) < forgotten / 4


def test_a_model_that_has_not_changed_has_nothing_to_rehearse(nlp: Language) -> None:
    losses = get_ner(nlp).rehearse(old_texts(nlp))
    assert losses["hf_ner"] == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("outside", [("PAD", "[CLS]"), ("O", "O")])
def test_a_model_with_several_columns_for_outside_has_nothing_to_rehearse_either(
    outside: tuple[str, str], tmp_path: Path
) -> None:
    names = [outside[0], "O", "B-PER", "I-PER", outside[1]]
    checkpoint = make_checkpoint(tmp_path, labels=[f"LABEL_{i}" for i in range(len(names))])
    nlp = make_pipeline(checkpoint, model={"labels": names})
    nlp(TEXT)
    nlp.resume_training()
    assert get_ner(nlp).rehearse(old_texts(nlp))["hf_ner"] == pytest.approx(0.0, abs=1e-5)


def test_rehearsal_without_a_copy_or_without_tokens_does_nothing(
    encoder_checkpoint: Path, nlp: Language
) -> None:
    fresh = initialize_pipeline(encoder_checkpoint)
    before = copy_weights(fresh)
    assert get_ner(fresh).rehearse(old_texts(fresh), sgd=Adam(1.0)) == {"hf_ner": 0.0}
    assert all(
        np.array_equal(before[name], weights) for name, weights in copy_weights(fresh).items()
    )
    assert get_ner(nlp).rehearse([make_example(nlp, "", None)], sgd=Adam(1.0)) == {"hf_ner": 0.0}


def test_a_pipeline_that_was_not_used_before_is_rehearsed(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint)
    sgd = nlp.resume_training()
    train(nlp, make_examples(nlp, [("I like London.", [(7, 13, "LOC")])]), n_steps=5)
    losses = [nlp.rehearse(old_texts(nlp), sgd=sgd, losses={})["hf_ner"] for _ in range(2)]
    assert min(losses) > 0.0


def test_tags_that_the_model_has_lost_are_not_rehearsed(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint)
    nlp(TEXT)
    nlp.resume_training()
    places = make_examples(nlp, [("I like London.", [(7, 13, "LOC")])])
    get_ner(nlp).initialize(lambda: places, labels=["LOC"])
    assert get_ner(nlp).rehearse(old_texts(nlp))["hf_ner"] == pytest.approx(0.0, abs=1e-5)
    train(nlp, places, n_steps=5)
    sgd = Adam(5e-3)
    losses = [get_ner(nlp).rehearse(old_texts(nlp), sgd=sgd)["hf_ner"] for _ in range(10)]
    assert losses[-1] < losses[0] / 2


def test_a_model_with_a_column_for_padding_has_nothing_to_rehearse_either(tmp_path: Path) -> None:
    nlp = make_pipeline(make_checkpoint(tmp_path, labels=("PAD", "O", "B-PER", "I-PER")))
    nlp(TEXT)
    nlp.resume_training()
    assert get_ner(nlp).rehearse(old_texts(nlp))["hf_ner"] == pytest.approx(0.0, abs=1e-5)
