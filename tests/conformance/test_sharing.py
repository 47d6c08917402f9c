"""A tag head on an encoder that it shares: that of spacy-transformers, or spaCy's own."""

import pickle
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import spacy
from safetensors.numpy import load_file
from spacy.language import Language
from thinc.api import Adam, fix_random_seed

from spacy_hf_ner.errors import ConfigError
from tests.conformance.pipelines import (
    TEXT,
    TEXTS,
    find,
    get_ner,
    make_example,
    make_examples,
    summarise,
    train,
)

MakePipeline = Callable[[], Language]


CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": 32,
    "depth": 1,
    "embed_size": 100,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
    "pretrained_vectors": None,
}


def make_shared_pipeline(upstream: str, checkpoint: Path) -> Language:
    """Return a pipeline, a little trained, in which hf_ner and senter listen to one encoder."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    if upstream == "transformer":
        model: dict[str, Any] = {
            "@architectures": "spacy-transformers.TransformerModel.v3",
            "name": str(checkpoint),
        }
        nlp.add_pipe("transformer", config={"model": model})
        pooling = {"@layers": "reduce_mean.v1"}
        listener: dict[str, Any] = {
            "@architectures": "spacy-transformers.TransformerListener.v1",
            "pooling": pooling,
        }
    else:
        nlp.add_pipe("tok2vec", config={"model": CNN})
        listener = {
            "@architectures": "spacy.Tok2VecListener.v1",
            "width": 32,
            "upstream": "tok2vec",
        }
    head = {"@architectures": "spacy_hf_ner.TokenClassifier.v1", "tok2vec": listener}
    nlp.add_pipe("hf_ner", config={"model": head})
    nlp.add_pipe(
        "senter", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}}
    )
    return nlp


def make_training_examples(nlp: Language) -> list[Any]:
    examples = make_examples(nlp)
    for example in examples:
        for token in example.reference:
            token.is_sent_start = token.i == 0
    return examples


needs_spacy_transformers = pytest.mark.skipif(
    find_spec("spacy_transformers") is None,
    reason="spacy-transformers is not installed: it cannot stand transformers 5",
)


@pytest.fixture(
    scope="module", params=["tok2vec", pytest.param("transformer", marks=needs_spacy_transformers)]
)
def make_untrained(request: pytest.FixtureRequest, encoder_checkpoint: Path) -> MakePipeline:
    """Return a function that makes a pipeline with a shared encoder."""
    return lambda: make_shared_pipeline(request.param, encoder_checkpoint)


@pytest.fixture(scope="module")
def trained_bytes(make_untrained: MakePipeline) -> bytes:
    """Return the bytes of a pipeline that has learned the training texts."""
    nlp = make_untrained()
    examples = make_training_examples(nlp)
    nlp.initialize(lambda: examples)
    losses = train(nlp, examples, n_steps=40)
    assert losses["hf_ner"] < 0.1
    return nlp.to_bytes()


@pytest.fixture
def trained(make_untrained: MakePipeline, trained_bytes: bytes) -> Language:
    """Return a pipeline that has learned the training texts."""
    return make_untrained().from_bytes(trained_bytes)


def get_upstream(nlp: Language) -> Any:
    return nlp.get_pipe(nlp.pipe_names[0])


def copy_head(nlp: Language) -> npt.NDArray[np.float32]:
    """Return a copy of the weights of the tag head."""
    return np.array(get_ner(nlp).model.get_ref("head").get_param("W"))


def predict(nlp: Language) -> list[object]:
    return [summarise(doc) for doc in nlp.pipe(TEXTS)]


def test_the_head_learns_through_the_shared_encoder(trained: Language) -> None:
    assert find(trained("Who is Shaka Khan?")) == [("Shaka Khan", "PERSON")]
    assert find(trained("I like London and Berlin.")) == [("London", "LOC"), ("Berlin", "LOC")]
    assert all(token.ent_iob for doc in trained.pipe(TEXTS) for token in doc)


def test_the_head_trains_the_shared_encoder(make_untrained: MakePipeline) -> None:
    nlp = make_untrained()
    nlp.remove_pipe("senter")
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    before = get_upstream(nlp).model.to_bytes()
    train(nlp, examples, n_steps=2)
    assert get_upstream(nlp).model.to_bytes() != before


def test_an_untrained_head_refuses_to_predict(make_untrained: MakePipeline) -> None:
    nlp = make_untrained()
    assert get_ner(nlp).labels == ()
    with pytest.raises(ValueError, match=r"without a trained head"):
        get_ner(nlp).predict([nlp.make_doc(TEXT)])


def test_a_head_without_types_is_refused(make_untrained: MakePipeline) -> None:
    nlp = make_untrained()
    with pytest.raises(ValueError, match="E143"):
        get_ner(nlp).initialize(lambda: [make_example(nlp, TEXT, [])], nlp=nlp)


def test_a_pipeline_with_a_shared_encoder_survives_disk_and_pickle(
    trained: Language, tmp_path: Path
) -> None:
    expected = predict(trained)
    trained.to_disk(tmp_path)
    assert predict(spacy.load(tmp_path)) == expected
    assert predict(pickle.loads(pickle.dumps(trained))) == expected  # noqa: S301


def test_the_saved_head_is_safetensors_alone(trained: Language, tmp_path: Path) -> None:
    get_ner(trained).to_disk(tmp_path)
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "head.safetensors",
        "spacy_hf_ner.json",
    ]
    weights = load_file(tmp_path / "model" / "head.safetensors")
    assert weights["W"].shape == (5, 32)


def test_a_head_read_alone_finds_its_encoder_in_the_pipeline(
    trained: Language, tmp_path: Path
) -> None:
    expected, encoder = predict(trained), get_upstream(trained).to_bytes()
    get_ner(trained).to_disk(tmp_path)
    train(trained, make_examples(trained, [("Who is Shaka Khan?", [(0, 3, "LOC")])]), n_steps=3)
    assert predict(trained) != expected
    get_ner(trained).from_disk(tmp_path)
    get_upstream(trained).from_bytes(encoder)
    assert predict(trained) == expected


def test_a_label_added_to_a_trained_head_changes_nothing_for_the_other_rows(
    trained: Language,
) -> None:
    before = copy_head(trained)
    assert get_ner(trained).add_label("FRUIT") == 1
    after = copy_head(trained)
    assert get_ner(trained).labels == ("LOC", "PERSON", "FRUIT")
    assert after.shape == (7, 32)
    assert np.array_equal(after[:5], before)
    train(trained, make_examples(trained, [("Ripe mango tastes well.", [(5, 10, "FRUIT")])]))
    assert find(trained("Ripe mango tastes well.")) == [("mango", "FRUIT")]


def test_replaced_listeners_give_the_component_an_encoder_of_its_own(
    trained: Language, tmp_path: Path
) -> None:
    expected = predict(trained)
    trained.replace_listeners(trained.pipe_names[0], "hf_ner", ["model.tok2vec"])
    assert predict(trained) == expected
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, exclude=[trained.pipe_names[0], "senter"])
    assert loaded.pipe_names == ["hf_ner"]
    assert predict(loaded) == expected


def test_a_sourced_head_can_bring_its_encoder_along(trained: Language, tmp_path: Path) -> None:
    expected = predict(trained)
    trained.to_disk(tmp_path)
    upstream = trained.pipe_names[0]
    nlp = spacy.blank("en")
    source = spacy.load(tmp_path)
    source.replace_listeners(upstream, "hf_ner", ["model.tok2vec"])
    nlp.add_pipe("hf_ner", source=source)
    assert predict(nlp) == expected


def test_two_listeners_train_one_encoder_together(make_untrained: MakePipeline) -> None:
    nlp = make_untrained()
    examples = make_training_examples(nlp)
    nlp.initialize(lambda: examples)
    losses = nlp.update(examples, sgd=Adam(1e-3))
    assert losses["hf_ner"] > 0
    assert losses["senter"] > 0


def test_a_frozen_encoder_stays_as_it_is_while_the_head_learns(trained: Language) -> None:
    before = get_upstream(trained).model.to_bytes()
    head = copy_head(trained)
    examples = make_examples(trained, [("Who is Shaka Khan?", [(0, 3, "LOC")])])
    upstream = trained.pipe_names[0]
    trained.update(examples, sgd=Adam(1e-2), exclude=[upstream, "senter"], annotates=[upstream])
    assert get_upstream(trained).model.to_bytes() == before
    assert not np.array_equal(copy_head(trained), head)


def test_averages_of_the_head_are_applied_by_thinc(trained: Language) -> None:
    sgd = Adam(1e-2, use_averages=True)
    examples = make_examples(trained, [("Who is Shaka Khan?", [(0, 3, "LOC")])])
    for _ in range(3):
        trained.update(examples, sgd=sgd, exclude=["senter"])
    now = copy_head(trained)
    with trained.use_params(sgd.averages):
        assert not np.array_equal(copy_head(trained), now)
    assert np.array_equal(copy_head(trained), now)


def test_settings_of_an_encoder_of_its_own_are_refused_for_a_head(
    make_untrained: MakePipeline,
) -> None:
    nlp = make_untrained()
    model = nlp.get_pipe_config("hf_ner")["model"] | {"window": 64}
    with pytest.raises(ValueError, match="window"):
        nlp.add_pipe("hf_ner", name="other", config={"model": model})


def test_rehearsal_pulls_a_head_back(trained: Language) -> None:
    trained.select_pipes(disable=["senter"])
    trained.resume_training()
    upstream = trained.pipe_names[0]
    for _ in range(5):
        examples = make_examples(trained, [("Who is Shaka Khan?", [(0, 3, "LOC")])])
        trained.update(examples, sgd=Adam(1e-2), exclude=[upstream], annotates=[upstream])
    examples = [make_example(trained, text, None) for text in TEXTS]
    for example in examples:
        get_upstream(trained)(example.predicted)
    sgd = Adam(5e-3)
    losses = [get_ner(trained).rehearse(examples, sgd=sgd)["hf_ner"] for _ in range(10)]
    assert losses[-1] < losses[0] / 2


def test_an_encoder_owned_by_the_component_is_saved_with_it(tmp_path: Path) -> None:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    head = {"@architectures": "spacy_hf_ner.TokenClassifier.v1", "tok2vec": CNN}
    nlp.add_pipe("hf_ner", config={"model": head})
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    train(nlp, examples, n_steps=40)
    assert find(nlp("Who is Shaka Khan?")) == [("Shaka Khan", "PERSON")]
    nlp.to_disk(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert predict(spacy.load(tmp_path / "b")) == predict(nlp)


def test_rehearsal_without_the_vectors_of_the_shared_encoder_is_refused(trained: Language) -> None:
    trained.resume_training()
    with pytest.raises(ConfigError, match=r"frozen.*replace_listeners.*exclude=\['hf_ner'\]"):
        get_ner(trained).rehearse([make_example(trained, TEXT, None)])


def test_a_head_whose_listener_was_replaced_is_rehearsed(trained: Language) -> None:
    trained.replace_listeners(trained.pipe_names[0], "hf_ner", ["model.tok2vec"])
    trained.resume_training()
    losses = get_ner(trained).rehearse([make_example(trained, TEXT, None)])
    assert losses["hf_ner"] == pytest.approx(0.0, abs=0.05)  # spacy-transformers' own dropout


def test_texts_without_entities_still_teach_the_encoder_what_other_components_learn(
    make_untrained: MakePipeline,
) -> None:
    nlp = make_untrained()  # in which hf_ner, as the last listener, is to call the encoder
    nlp.add_pipe("hf_ner", name="last", config={"model": nlp.get_pipe_config("hf_ner")["model"]})
    examples = make_training_examples(nlp)
    nlp.initialize(lambda: examples)
    for example in examples:
        example.reference.set_ents([], default="missing")
    before = get_upstream(nlp).model.to_bytes()
    train(
        nlp, examples, n_steps=3
    )  # senter's head begins with zeros, and spaCy steps an encoder one update later
    assert get_upstream(nlp).model.to_bytes() != before
