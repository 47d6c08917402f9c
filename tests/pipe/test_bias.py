"""The setting ``bias``: a dial between precision and recall inside the decoder."""

import logging
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_hf_ner.core.chain import make_chain
from spacy_hf_ner.core.decoding import decode_viterbi
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.signature import sign
from spacy_hf_ner.model.viterbi_calibration import VITERBI_CALIBRATION_FILE
from spacy_hf_ner.pipe.component_settings import Bias
from spacy_hf_ner.pipe.hf_ner import HFNer
from tests.checkpoints import make_checkpoint
from tests.model.test_head_classifier import CNN
from tests.model.test_viterbi_calibration import BIASES, SCORES, write_file

TEXTS = [
    f"Angela Merkel met {i} friends in Berlin, and Tim Cook flew to Kumasi with {name}."
    for i, name in enumerate(["Mary", "Kofi Annan", "Ada", "the Union", "José"] * 4)
]
Found = list[tuple[int, int, str]]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"), head_scale=20.0)


def make_nlp(checkpoint: Path, **config: Any) -> Language:
    nlp = spacy.blank("en")
    model = {"name": str(checkpoint), "precision": "fp32"}
    nlp.add_pipe("hf_ner", config={"model": model, **config})
    return nlp


def get_ner(nlp: Language) -> HFNer:
    return cast("HFNer", nlp.get_pipe("hf_ner"))


def find(nlp: Language) -> list[Found]:
    return [[(e.start, e.end, e.label_) for e in doc.ents] for doc in nlp.pipe(TEXTS)]


def count(nlp: Language, entity_type: str | None = None) -> int:
    """Return how many entities there are, of one type or of all."""
    n_entities = 0
    for doc in nlp.pipe(TEXTS):
        n_entities += sum(entity_type in {None, ent.label_} for ent in doc.ents)
    return n_entities


def count_apart(nlp: Language) -> int:
    """Return how many entities follow no other directly."""
    n_entities = 0
    for doc in nlp.pipe(TEXTS):
        ends = {ent.end for ent in doc.ents}
        n_entities += sum(ent.start not in ends for ent in doc.ents)
    return n_entities


def make_examples(nlp: Language) -> list[Example]:
    """Return gold that has every second prediction."""
    examples: list[Example] = []
    for i, doc in enumerate(nlp.pipe(TEXTS)):
        ents = [ent for j, ent in enumerate(doc.ents) if (i + j) % 2]
        gold = doc.copy()
        gold.set_ents(ents, default="outside")
        gold.spans.clear()
        examples.append(Example(nlp.make_doc(doc.text), gold))
    return examples


def test_the_more_bias_the_more_is_found(checkpoint: Path) -> None:
    nlp = make_nlp(checkpoint)
    counts: list[int] = []
    for bias in (-100, -2.0, 0):
        get_ner(nlp).bias = bias
        counts.append(count(nlp))
    assert counts[0] == 0
    assert counts[0] < counts[1] < counts[2]
    # Over 0, those count that follow no other directly: this network, which was drawn at random,
    # has many that do.
    counts = []
    for bias in (0, 2.0, 100.0):
        get_ner(nlp).bias = bias
        counts.append(count_apart(nlp))
    assert counts[0] < counts[1] < counts[2]


def test_spans_and_scores_are_those_of_the_chain_with_the_bias(checkpoint: Path) -> None:
    nlp = make_nlp(checkpoint, bias={"PER": 3.0, "LOC": -1.0})
    ner = get_ner(nlp)
    tag_set = ner.prepare()
    by_type = {"PER": 3.0, "LOC": -1.0}
    bias = tuple(by_type.get(entity_type, 0.0) for entity_type in tag_set.entity_types)
    for text in TEXTS[:5]:
        doc = nlp.make_doc(text)
        rows = ner.classifier.predict([doc])[0].rows.astype(np.float64)
        expected = decode_viterbi(rows, np.array([len(rows)]), make_chain(tag_set, bias=bias))
        (found,) = ner.predict([doc])
        assert [scored.span.start for scored in found] == expected.start.tolist()
        assert [scored.score for scored in found] == pytest.approx(expected.score, abs=1e-9)


def test_a_table_moves_the_types_that_it_names(checkpoint: Path) -> None:
    nlp = make_nlp(checkpoint)
    entity_type = nlp(TEXTS[0]).ents[0].label_
    get_ner(nlp).bias = {entity_type: -100.0}
    assert count(nlp, entity_type) == 0
    assert count(nlp) > 0


def test_a_type_that_the_model_has_not_is_named(checkpoint: Path) -> None:
    nlp = make_nlp(checkpoint, bias={"PER": 1.0, "DRUG": 1.0, "GENE": 0.0})
    with pytest.raises(ConfigError, match=r"the model has no DRUG, GENE\.") as caught:
        nlp(TEXTS[0])
    assert caught.value.settings == ("bias",)


@pytest.mark.parametrize("bias", [100.5, float("nan"), float("inf"), True, {"PER": None}])
def test_a_bias_out_of_range_is_refused_when_it_is_set(checkpoint: Path, bias: Any) -> None:
    ner = get_ner(make_nlp(checkpoint))
    with pytest.raises(ConfigError, match=r"bias must be a number from -100 to 100, or a table"):
        ner.bias = bias
    assert ner.bias == 0.0


def test_the_greedy_decoder_has_no_bias_and_says_so(checkpoint: Path) -> None:
    nlp = make_nlp(checkpoint, decoder="greedy", bias=1.0)
    with pytest.raises(ConfigError, match='bias = 0, or decoder = "viterbi"'):
        nlp(TEXTS[0])
    get_ner(nlp).bias = {"PER": 0.0}
    nlp(TEXTS[0])


@pytest.mark.parametrize("bias", [np.float32(1.5), {"PER": np.float64(2.0)}, 1])
def test_a_bias_set_at_run_time_is_saved(checkpoint: Path, tmp_path: Path, bias: Bias) -> None:
    nlp = make_nlp(checkpoint)
    get_ner(nlp).bias = bias
    expected = find(nlp)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert get_ner(loaded).bias == bias
    assert find(loaded) == expected
    edited = spacy.load(tmp_path, config={"components.hf_ner.bias": -3.0})
    assert get_ner(edited).bias == -3.0


def test_a_config_may_hold_a_table(checkpoint: Path, tmp_path: Path) -> None:
    make_nlp(checkpoint, bias={"PER": 1.5}).to_disk(tmp_path)
    assert "[components.hf_ner.bias]" in (tmp_path / "config.cfg").read_text("utf8")
    assert get_ner(spacy.load(tmp_path)).bias == {"PER": 1.5}


@pytest.mark.parametrize("bias", [0.0, 1.5, {"PER": 2.0, "LOC": -1.0}])
def test_calibration_under_a_bias_changes_scores_and_no_entity(
    checkpoint: Path, tmp_path: Path, bias: Bias, caplog: pytest.LogCaptureFixture
) -> None:
    nlp = make_nlp(checkpoint, bias=bias)
    expected = find(nlp)
    report = get_ner(nlp).calibrate(make_examples(nlp))
    assert abs(report.temperature - 1.0) > 0.2  # so that a bias beside it could change entities
    assert find(nlp) == expected
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert find(loaded) == expected
    stored = get_ner(loaded).cfg["calibration"]
    assert stored["bias"] == bias
    assert "dropped" not in caplog.text


def test_another_bias_drops_the_calibration_with_a_warning(
    checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nlp = make_nlp(checkpoint)
    ner = get_ner(nlp)
    ner.calibrate(make_examples(nlp))
    ner.bias = 0.0  # as it was
    assert ner.cfg["calibration"] is not None
    assert "dropped" not in caplog.text
    ner.bias = 1.0
    assert ner.cfg["calibration"] is None
    assert "calibrated under bias = 0.0, and it is 1.0 now" in caplog.text


def test_a_bias_that_is_edited_in_a_saved_config_drops_the_calibration(
    checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nlp = make_nlp(checkpoint)
    get_ner(nlp).calibrate(make_examples(nlp))
    nlp.to_disk(tmp_path)
    edited = spacy.load(tmp_path, config={"components.hf_ner.bias": 1.0})
    raw = make_nlp(checkpoint, bias=1.0)
    assert [e._.score for e in edited(TEXTS[0]).ents] == [e._.score for e in raw(TEXTS[0]).ents]
    assert caplog.text.count("dropped") == 1


def test_a_calibration_that_was_stored_before_there_was_a_bias_is_still_used(
    checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nlp = make_nlp(checkpoint)
    ner = get_ner(nlp)
    ner.calibrate(make_examples(nlp))
    expected = [ent._.score for ent in nlp(TEXTS[0]).ents]
    del ner.cfg["calibration"]["bias"]
    assert [ent._.score for ent in nlp(TEXTS[0]).ents] == expected
    assert "dropped" not in caplog.text


@pytest.mark.parametrize("calibrated", [False, True])
def test_a_threshold_cuts_the_scores_under_the_bias(checkpoint: Path, *, calibrated: bool) -> None:
    nlp = make_nlp(checkpoint, bias=2.0)
    ner = get_ner(nlp)
    if calibrated:
        ner.calibrate(make_examples(nlp))
    everything = list(nlp.pipe(TEXTS))
    scores = sorted(ent._.score for doc in everything for ent in doc.ents)
    ner.threshold = middle = scores[len(scores) // 2]
    cut = list(nlp.pipe(TEXTS))
    for doc, kept in zip(everything, cut, strict=True):
        expected = [ent.text for ent in doc.ents if ent._.score >= middle]
        assert [ent.text for ent in kept.ents] == expected


@pytest.mark.parametrize("calibrated", [False, True])
def test_overlapping_spans_have_the_same_scores_as_those_on_the_best_path(
    checkpoint: Path, *, calibrated: bool
) -> None:
    nlp = make_nlp(checkpoint, bias=2.0, annotate="spans")
    ner = get_ner(nlp)
    if calibrated:
        ner.calibrate(make_examples(make_nlp(checkpoint)))
    best = [read_group(doc) for doc in nlp.pipe(TEXTS)]
    ner.threshold = 0.05
    for expected, doc in zip(best, nlp.pipe(TEXTS), strict=True):
        found = read_group(doc)
        for key, score in expected.items():
            if score >= 0.05:
                assert found[key] == pytest.approx(score, abs=1e-9)
        assert all(score >= 0.05 for score in found.values())


def read_group(doc: Doc) -> dict[tuple[int, int, str], float]:
    group = doc.spans["hf_ner"]
    keys = [(span.start, span.end, span.label_) for span in group]
    return dict(zip(keys, group.attrs["scores"], strict=True))


@pytest.mark.parametrize(
    "settings",
    [
        {"threshold": 0.6},
        {"threshold": {"PER": 0.9, "ORG": 0.1}},
        {"annotate": "spans", "threshold": 0.02},
        {"annotate": "spans"},
        {"overwrite": True},
        {"decoder": "greedy"},
    ],
)
def test_other_settings_act_as_before_once_the_dial_is_turned_back(
    checkpoint: Path, settings: dict[str, Any]
) -> None:
    nlp = make_nlp(checkpoint)
    ner = get_ner(nlp)
    ner.bias = {"PER": 5.0}
    list(nlp.pipe(TEXTS))
    ner.bias = 0
    for name, value in settings.items():
        setattr(ner, name, value)
    fresh = make_nlp(checkpoint, **settings)
    for doc, expected in zip(nlp.pipe(TEXTS), fresh.pipe(TEXTS), strict=True):
        assert read_group(doc) == read_group(expected)
        assert [str(ent) for ent in doc.ents] == [str(ent) for ent in expected.ents]


def test_a_head_on_a_tok2vec_has_a_bias(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_hf_ner.TokenClassifier.v1", "tok2vec": CNN}
    nlp.add_pipe("hf_ner", config={"model": model})
    gold = {"entities": [(0, 13, "PER")]}
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc(TEXTS[0]), gold)])
    get_ner(nlp).bias = {"PER": 50.0}
    # As many as can have something else between them.
    assert count_apart(nlp) == sum((len(doc) + 1) // 2 for doc in nlp.pipe(TEXTS))
    get_ner(nlp).bias = -50.0
    nlp.to_disk(tmp_path)
    assert count(spacy.load(tmp_path)) == 0


def test_a_graph_decodes_under_the_same_bias(checkpoint: Path, tmp_path: Path) -> None:
    for library in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(library)
    nlp = make_nlp(checkpoint, bias=2.0)
    get_ner(nlp).export_onnx(tmp_path)
    model = {"name": str(tmp_path), "backend": "onnx"}
    exported = spacy.blank("en")
    exported.add_pipe("hf_ner", config={"model": model, "bias": 2.0})
    assert find(exported) == find(nlp)


def test_what_a_checkpoint_adds_to_transitions_is_decoded_and_saved(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "checkpoint", head_scale=20.0)
    plain = find(make_nlp(folder))
    content = write_file(folder, BIASES)
    nlp = make_nlp(folder)
    found = find(nlp)
    assert found != plain
    ner = get_ner(nlp)
    tag_set = ner.prepare()
    doc = nlp.make_doc(TEXTS[1])
    rows = ner.classifier.predict([doc])[0].rows.astype(np.float64)
    expected = decode_viterbi(rows, np.array([len(rows)]), make_chain(tag_set, SCORES))
    assert [start for start, _, _ in found[1]] == expected.start.tolist()
    nlp.to_disk(tmp_path / "saved")
    assert find(spacy.load(tmp_path / "saved")) == found
    saved = tmp_path / "saved" / "hf_ner" / "model" / VITERBI_CALIBRATION_FILE
    assert saved.read_bytes() == content


def test_a_wrong_span_costs_what_its_posterior_under_the_bias_is(checkpoint: Path) -> None:
    nlp = make_nlp(checkpoint, bias=1.0, incorrect_spans_key="wrong")
    predicted = nlp(TEXTS[0])
    span = min(predicted.ents, key=lambda ent: ent._.score)
    gold = nlp.make_doc(TEXTS[0])
    gold.spans["wrong"] = [Span(gold, span.start, span.end, span.label_)]
    losses = get_ner(nlp).update([Example(nlp.make_doc(TEXTS[0]), gold)])
    assert losses["hf_ner"] == pytest.approx(-np.log1p(-span._.score) / len(span), rel=1e-2)


def test_a_result_is_signed_with_the_bias_that_it_was_made_under(checkpoint: Path) -> None:
    nlp = make_nlp(checkpoint)
    get_ner(nlp).bias = 1.25
    signature = sign(nlp, data=None, n_docs=1, spans_key="hf_ner")
    assert signature.components["hf_ner"]["bias"] == 1.25


@pytest.fixture(autouse=True)
def _hear_warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="spacy_hf_ner")
