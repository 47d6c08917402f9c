import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.label_map import check_label_map, read_label_maps, rename_entities
from spacy_hf_ner.evaluation.pairing import read_entities
from spacy_hf_ner.evaluation.results import evaluate_pipeline


def test_a_map_without_a_model_is_for_all_and_one_with_a_model_goes_first() -> None:
    maps = read_label_maps(["PERSON=PER,DATE=", "b:PERSON=HUMAN"], ["a", "b"])
    assert maps == {
        "a": {"PERSON": "PER", "DATE": ""},
        "b": {"PERSON": "HUMAN", "DATE": ""},
    }


def test_a_model_may_have_a_colon_and_begin_like_another() -> None:
    maps = read_label_maps(["c:/x/b:A=B"], ["c:/x", "c:/x/b"])
    assert maps == {"c:/x": {}, "c:/x/b": {"A": "B"}}


def test_a_type_may_have_a_colon_where_no_model_is_called_so() -> None:
    assert read_label_maps(["PER:NAM=PER"], ["a"]) == {"a": {"PER:NAM": "PER"}}


def test_what_renames_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="label_map must be OLD=NEW"):
        read_label_maps(["PERSON"], ["a"])


@pytest.fixture
def doc() -> Doc:
    doc = Doc(spacy.blank("en").vocab, words=["Tim", "met", "Ann", "today"])
    doc.ents = [Span(doc, 0, 1, "PERSON"), Span(doc, 3, 4, "DATE")]
    doc.spans["hf_ner"] = SpanGroup(doc, spans=list(doc.ents), attrs={"scores": [0.9, 0.4]})
    return doc


def test_entities_and_their_scores_get_the_new_types(doc: Doc) -> None:
    rename_entities(doc, {"PERSON": "PER", "DATE": ""}, spans_key="hf_ner")
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Tim", "PER")]
    assert [entity.score for entity in read_entities(doc)] == [0.9]
    assert doc.spans["hf_ner"].attrs["scores"] == [0.9]


def test_characters_of_entities_stay_beside_their_spans(doc: Doc) -> None:
    doc.spans["hf_ner"].attrs["char_offsets"] = [[0, 2], [12, 17]]
    rename_entities(doc, {"PERSON": "", "DATE": "WHEN"}, spans_key="hf_ner")
    assert doc.spans["hf_ner"].attrs["char_offsets"] == [[12, 17]]
    assert doc.spans["hf_ner"].attrs["scores"] == [0.4]


def test_a_group_without_scores_is_renamed_where_doc_ents_is_not_set(doc: Doc) -> None:
    bare = Doc(doc.vocab, words=["Tim", "met"])
    bare.spans["sc"] = [Span(bare, 0, 1, "PERSON"), Span(bare, 0, 2, "EVENT")]
    rename_entities(bare, {"PERSON": "PER"}, spans_key="sc")
    assert [span.label_ for span in bare.spans["sc"]] == ["PER", "EVENT"]
    assert not bare.has_annotation("ENT_IOB")


def test_a_type_that_no_component_has_is_refused_before_anything_is_predicted(
    ruler: Language,
) -> None:
    gold = ruler.make_doc("Angela Merkel left Paris")
    gold.ents = [Span(gold, 0, 2, "PER")]
    with pytest.raises(ConfigError, match=r"label_map names PERSN, .* labels: LOC, PER"):
        evaluate_pipeline(ruler, [gold], label_map={"PERSN": "PER"})


def test_where_a_component_does_not_say_its_labels_nothing_is_refused() -> None:
    @Language.component("silent")
    def silent(doc: Doc) -> Doc:
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("silent")
    check_label_map(nlp, {"PERSON": "PER"})


def test_every_measure_sees_the_new_types(ruler: Language) -> None:
    gold = ruler.make_doc("Angela Merkel left Berlin")
    gold.ents = [Span(gold, 0, 2, "HUMAN"), Span(gold, 3, 4, "LOC")]
    evaluation = evaluate_pipeline(ruler, [gold], label_map={"PER": "HUMAN"})
    assert evaluation.strict.micro.f1 == 1.0
    assert evaluation.seqeval[0].micro.f1 == 1.0
    assert evaluation.spacy_scores["ents_f"] == 1.0
    assert "label_map:PER=HUMAN" in str(evaluation.signature)
