"""`nlp.update`: it learns, gathers gradients exactly, and steps when it is told to."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, Optimizer, fix_random_seed, warmup_linear

from spacy_hf_ner.errors import ConfigError
from tests.conformance.kinds import Kind, for_hf_ner
from tests.conformance.pipelines import (
    TEXT,
    TRAINING_TEXTS,
    annotate,
    copy_weights,
    find,
    get_checkpoint,
    get_component,
    get_ner,
    initialize_pipeline,
    make_example,
    make_examples,
    make_pipeline,
    train,
)


@pytest.fixture
def nlp(kind: Kind) -> Language:
    """Return a pipeline that is initialized on the training texts, with the same head each time."""
    fix_random_seed(0)
    return kind.initialize_pipeline()


def get_gradients(nlp: Language) -> dict[str, torch.Tensor]:
    named = get_checkpoint(nlp).network.named_parameters()
    return {name: p.grad.clone() for name, p in named if p.grad is not None}


def has_moved(nlp: Language, before: dict[str, np.ndarray]) -> bool:
    return any(
        not np.array_equal(before[name], weights) for name, weights in copy_weights(nlp).items()
    )


@for_hf_ner
def test_it_learns_its_training_data_and_still_knows_it_after_a_round_trip(
    nlp: Language, tmp_path: Path
) -> None:
    losses = train(nlp, make_examples(nlp))
    assert losses["hf_ner"] < 0.05
    nlp.to_disk(tmp_path)
    for pipeline in (
        nlp,
        spacy.load(tmp_path),
        make_pipeline("nowhere/at-all").from_bytes(nlp.to_bytes()),
    ):
        docs = list(pipeline.pipe(text for text, _ in TRAINING_TEXTS))
        assert [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in docs] == [
            entities for _, entities in TRAINING_TEXTS
        ]


@pytest.mark.parametrize("scheme", ["IO", "IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU", "BMES"])
def test_it_learns_in_every_scheme(scheme: str, encoder_checkpoint: Path, tmp_path: Path) -> None:
    nlp = initialize_pipeline(encoder_checkpoint, scheme=scheme)
    train(nlp, make_examples(nlp))
    nlp.to_disk(tmp_path)
    assert find(spacy.load(tmp_path)("I like London and Berlin.")) == [
        ("London", "LOC"),
        ("Berlin", "LOC"),
    ]


@pytest.mark.parametrize(
    "labels", [("O", "S-LOC", "B-LOC", "I-LOC", "E-LOC"), ("O", "LOC"), ("O", "B_LOC", "I_LOC")]
)
def test_a_foreign_head_of_any_scheme_can_be_trained_further(
    labels: tuple[str, ...], tmp_path: Path
) -> None:
    from tests.checkpoints import make_checkpoint

    nlp = make_pipeline(make_checkpoint(tmp_path / "foreign", labels=labels, head_scale=1.0))
    scheme = nlp.get_pipe("hf_ner")._require_tag_set().scheme  # type: ignore[attr-defined]
    nlp.initialize(lambda: make_examples(nlp))
    train(nlp, make_examples(nlp))
    after = nlp.get_pipe("hf_ner")._require_tag_set().scheme  # type: ignore[attr-defined]
    assert find(nlp("Who is Shaka Khan?")) == [("Shaka Khan", "PERSON")]
    assert after.name == ("IOB2" if scheme.lenient else scheme.name)


def test_an_example_twice_in_a_batch_has_the_loss_of_the_example(kind: Kind, nlp: Language) -> None:
    example = kind.make_examples(nlp)[0]
    once = get_component(nlp).update([example], sgd=None)
    twice = get_component(nlp).update([example, example], sgd=None)
    assert twice[kind.factory] == pytest.approx(once[kind.factory], rel=1e-5)


@pytest.mark.parametrize("sgd", [None, False])
def test_without_an_optimizer_gradients_are_gathered_and_nothing_moves(
    kind: Kind, sgd: Literal[False] | None, nlp: Language
) -> None:
    before = copy_weights(nlp)
    get_component(nlp).update(kind.make_examples(nlp), sgd=sgd)  # type: ignore[arg-type]
    assert not has_moved(nlp, before)
    assert get_gradients(nlp)
    get_component(nlp).finish_update(Adam(1e-3))
    assert has_moved(nlp, before)
    assert not get_gradients(nlp)


def test_a_component_steps_at_once_with_an_optimizer(kind: Kind, nlp: Language) -> None:
    before = copy_weights(nlp)
    get_component(nlp).update(kind.make_examples(nlp), sgd=Adam(1e-3))
    assert has_moved(nlp, before)
    assert not get_gradients(nlp)


def test_a_pipeline_steps_once_for_each_update(kind: Kind, nlp: Language) -> None:
    before = copy_weights(nlp)
    nlp.update(kind.make_examples(nlp), sgd=False)  # type: ignore[arg-type]
    assert not has_moved(nlp, before)
    nlp.update(kind.make_examples(nlp), sgd=Adam(1e-3))
    assert has_moved(nlp, before)


def test_three_gathered_gradients_are_three_times_one(kind: Kind, nlp: Language) -> None:
    example = kind.make_examples(nlp)[0]
    get_component(nlp).update([example], sgd=None)
    once = get_gradients(nlp)
    for _ in range(2):
        get_component(nlp).update([example], sgd=None)
    for name, gradient in get_gradients(nlp).items():
        torch.testing.assert_close(gradient, 3 * once[name], rtol=1e-5, atol=1e-7)


@for_hf_ner
def test_three_batches_of_one_give_the_gradient_of_one_batch_of_three(nlp: Language) -> None:
    # The loss of a batch is the mean over its labelled tokens. With equally many in each part, a
    # third of each adds up.
    texts = ["Who is Shaka Khan?", "Where is New York?", "What is Blue Tree?"]
    examples = make_examples(
        nlp, [(text, [(len(text) - 5, len(text) - 1, "LOC")]) for text in texts]
    )
    assert len({len(eg.predicted) for eg in examples}) == 1
    get_ner(nlp).update(examples, sgd=None)
    together = get_gradients(nlp)
    for parameter in get_checkpoint(nlp).network.parameters():
        parameter.grad = None
    for example in examples:
        get_ner(nlp).update([example], sgd=None)
    for name, gradient in get_gradients(nlp).items():
        torch.testing.assert_close(gradient / 3, together[name], rtol=1e-4, atol=1e-6)


def test_losses_are_added_up_as_floats_under_the_components_name(encoder_checkpoint: Path) -> None:
    nlp = initialize_pipeline(encoder_checkpoint, name="entities")
    losses = {"entities": 10.0, "tagger": 1.5}
    returned = get_ner(nlp, "entities").update(make_examples(nlp), losses=losses, sgd=None)
    assert returned is losses
    assert type(losses["entities"]) is float
    assert 10.0 < losses["entities"] < 20.0
    assert losses["tagger"] == 1.5


def test_empty_docs_train_nothing_and_fail_nothing(kind: Kind, nlp: Language) -> None:
    before = copy_weights(nlp)
    losses = nlp.update([make_example(nlp, "", []), make_example(nlp, "", None)], sgd=Adam(1e-3))
    assert losses == {kind.factory: 0.0}
    assert not has_moved(nlp, before)


@for_hf_ner
def test_an_empty_doc_does_not_spoil_its_batch(nlp: Language) -> None:
    examples = [*make_examples(nlp), make_example(nlp, "", []), make_example(nlp, " \n ", [])]
    losses = train(nlp, examples)
    assert losses["hf_ner"] < 0.05
    assert [find(doc) for doc in nlp.pipe(["", "Who is Shaka Khan?"])] == [
        [],
        [("Shaka Khan", "PERSON")],
    ]


def test_no_examples_are_no_error(kind: Kind, nlp: Language) -> None:
    assert get_component(nlp).update([], sgd=Adam(1e-3)) == {kind.factory: 0.0}


def test_what_is_not_an_example_is_refused(nlp: Language) -> None:
    with pytest.raises(TypeError, match="E978"):
        get_component(nlp).update([(nlp("text"), {})])  # type: ignore[list-item]


def test_examples_may_come_from_a_generator(kind: Kind, nlp: Language) -> None:
    losses = get_component(nlp).update((eg for eg in kind.make_examples(nlp)), sgd=Adam(1e-3))
    assert losses[kind.factory] > 0


@for_hf_ner
def test_text_comes_from_the_predicted_doc_and_gold_from_the_reference(nlp: Language) -> None:
    reference = annotate(nlp.make_doc("Who is Shaka Khan?"), (7, 17, "PERSON"))
    predicted = annotate(nlp.make_doc("Who is Shaka Khan?"), (0, 3, "LOC"))
    train(nlp, [Example(predicted, reference)])
    assert find(nlp("Who is Shaka Khan?")) == [("Shaka Khan", "PERSON")]


def test_updating_leaves_the_docs_as_they_were(kind: Kind, nlp: Language) -> None:
    examples = kind.make_examples(nlp)
    predicted = [eg.predicted.to_bytes() for eg in examples]
    train(nlp, examples, n_steps=2)
    assert [eg.predicted.to_bytes() for eg in examples] == predicted


def test_averaged_weights_are_used_inside_use_params_only(kind: Kind, nlp: Language) -> None:
    sgd = Adam(5e-3, use_averages=True)
    mean = copy_weights(nlp)["classifier.weight"]
    for step in range(1, 6):
        nlp.update(kind.make_examples(nlp), sgd=sgd)
        now = copy_weights(nlp)["classifier.weight"]
        decay = min((1 + step) / (10 + step), 0.9999)
        mean = decay * mean + (1 - decay) * now
    with nlp.use_params(sgd.averages):
        averaged = copy_weights(nlp)["classifier.weight"]
        saved = kind.make_pipeline("nowhere/at-all").from_bytes(nlp.to_bytes())
    np.testing.assert_allclose(averaged, mean, rtol=1e-4, atol=1e-6)
    assert not np.allclose(averaged, now, atol=1e-4)
    assert np.array_equal(copy_weights(nlp)["classifier.weight"], now)
    assert np.array_equal(copy_weights(saved)["classifier.weight"], averaged)


def test_without_averages_use_params_changes_nothing(kind: Kind, nlp: Language) -> None:
    sgd = Adam(5e-3, use_averages=False)
    nlp.update(kind.make_examples(nlp), sgd=sgd)
    before = copy_weights(nlp)
    assert sgd.averages is None
    with nlp.use_params(sgd.averages):
        assert not has_moved(nlp, before)


def test_a_new_optimizer_starts_with_fresh_moments(kind: Kind, nlp: Language) -> None:
    for sgd in (Adam(5e-3), Adam(0.0)):
        before = copy_weights(nlp)
        nlp.update(kind.make_examples(nlp), sgd=sgd)
        assert has_moved(nlp, before) == (float(sgd.learn_rate) > 0)


def test_the_optimizers_schedule_is_followed(kind: Kind, nlp: Language) -> None:
    learn_rate: Any = warmup_linear(0.01, warmup_steps=1, total_steps=3)
    sgd = Optimizer(learn_rate)
    moves = []
    for _ in range(5):
        before = copy_weights(nlp)
        nlp.update(kind.make_examples(nlp), sgd=sgd)
        sgd.step_schedules()  # type: ignore[no-untyped-call]
        moves.append(has_moved(nlp, before))
    assert moves[1] is True
    assert moves[-1] is False


def test_training_can_go_on_after_resume_training_with_a_loaded_pipeline(
    kind: Kind, nlp: Language, tmp_path: Path
) -> None:
    train(nlp, kind.make_examples(nlp))
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    before = copy_weights(loaded)
    sgd = loaded.resume_training()
    losses = loaded.update(kind.make_examples(loaded), sgd=sgd)
    assert losses[kind.factory] < 0.05
    assert has_moved(loaded, before)


def test_class_weights_still_fit_after_a_label_was_added(encoder_checkpoint: Path) -> None:
    nlp = initialize_pipeline(encoder_checkpoint, class_weights="balanced")
    get_ner(nlp).add_label("FRUIT")
    losses = train(nlp, make_examples(nlp, [("Ripe mango tastes well.", [(5, 10, "FRUIT")])]))
    assert losses["hf_ner"] < 0.1


@for_hf_ner
def test_dropout_reaches_the_network_in_updates_and_never_in_predictions(nlp: Language) -> None:
    ner = get_ner(nlp)
    fix_random_seed(0)
    losses = [
        ner.update(make_examples(nlp), drop=drop, sgd=None)["hf_ner"]
        for drop in (0.0, 0.0, 0.5, 0.5)
    ]
    assert losses[0] == losses[1]
    assert len(set(losses)) == 3
    scores = [
        doc.spans["hf_ner"].attrs["scores"] for doc in [nlp("Who is Shaka Khan?") for _ in range(2)]
    ]
    assert scores[0] == scores[1]


def test_empty_docs_teach_nothing_and_load_nothing(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint)
    assert nlp.update([make_example(nlp, "", [])], sgd=Adam(0.001)) == {"hf_ner": 0.0}
    assert get_checkpoint(nlp) is None


def test_what_the_config_says_of_training_holds_without_initialize_and_is_stored(
    ner_checkpoint: Path, tmp_path: Path
) -> None:
    settings = {"window": 40, "subword_labels": "all"}
    nlp = make_pipeline(ner_checkpoint, model=settings)
    nlp.update(
        make_examples(nlp, [("I like London.", [(7, 13, "LOC")])]), sgd=nlp.resume_training()
    )
    nlp.to_disk(tmp_path)
    again = make_pipeline(tmp_path / "hf_ner" / "model")
    again("I like London.")
    checkpoint = get_checkpoint(again)
    assert (checkpoint.window, checkpoint.subword_labels) == (40, "all")


def test_examples_without_annotation_change_nothing(kind: Kind, nlp: Language) -> None:
    sgd = Adam(1e-2, L2=0.1)
    nlp.update(kind.make_examples(nlp), sgd=sgd)
    before = copy_weights(nlp)
    get_component(nlp).cfg["calibration"] = calibration = {"fitted": "before"}
    assert nlp.update([make_example(nlp, TEXT, None)], sgd=sgd) == {kind.factory: 0.0}
    assert not has_moved(nlp, before)
    assert get_component(nlp).cfg["calibration"] is calibration


def test_class_weights_of_a_table_apply_without_initialization(ner_checkpoint: Path) -> None:
    losses = []
    for class_weights in (None, {"LOC": 100.0}):
        nlp = make_pipeline(ner_checkpoint, class_weights=class_weights)
        nlp.resume_training()
        losses.append(
            get_ner(nlp).update(make_examples(nlp, [("I like London.", [(7, 13, "LOC")])]))[
                "hf_ner"
            ]
        )
    assert losses[0] != pytest.approx(losses[1], rel=0.01)


@pytest.mark.parametrize(
    ("class_weights", "error"),
    [({"LOK": 2.0}, r"PER, ORG, LOC, MISC or O.*LOK"), ("balanced", r"initialize.*table")],
)
def test_class_weights_that_cannot_apply_are_refused_without_initialization_too(
    class_weights: object, error: str, ner_checkpoint: Path
) -> None:
    nlp = make_pipeline(ner_checkpoint, class_weights=class_weights)
    sgd = nlp.resume_training()
    with pytest.raises(ConfigError, match=error):
        nlp.update(make_examples(nlp, [("I like London.", [(7, 13, "LOC")])]), sgd=sgd)


def test_balanced_class_weights_are_those_of_the_pipeline_that_was_saved(
    encoder_checkpoint: Path, tmp_path: Path
) -> None:
    nlp = initialize_pipeline(encoder_checkpoint, class_weights="balanced")
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    loss = get_ner(nlp).update(make_examples(nlp))["hf_ner"]
    assert get_ner(loaded).update(make_examples(loaded))["hf_ner"] == pytest.approx(loss, rel=1e-5)
