from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from thinc.api import prefer_gpu

from spacy_hf_ner.errors import ConfigError, CorpusError
from spacy_hf_ner.evaluation.prediction import (
    check_gold,
    find_spans_key,
    load_pipeline,
    pair_predictions,
    predict,
    prepare_docs,
    read_gold_docs,
    use_gpu,
)

MakeDoc = Callable[..., Doc]


def test_texts_are_tokenised_by_the_pipeline_itself(ruler: Language, make_doc: MakeDoc) -> None:
    gold = make_doc(["Berlin.", "Now"], [], spaces=[True, False])
    (example,) = predict(ruler, [gold]).examples
    assert [t.text for t in example.predicted] == ["Berlin", ".", "Now"]


def test_gold_words_are_used_where_white_space_is_unknown(
    ruler: Language, make_doc: MakeDoc
) -> None:
    (example,) = predict(ruler, [make_doc(["Berlin.", "Now"])]).examples
    assert [t.text for t in example.predicted] == ["Berlin.", "Now"]


def test_gold_entities_are_not_shown_to_the_pipeline(ruler: Language, make_doc: MakeDoc) -> None:
    gold = make_doc(["Oslo", "calls"], [(0, 1, "LOC")], spaces=[True, False])
    (example,) = predict(ruler, [gold]).examples
    assert len(example.reference.ents) == 1
    assert len(example.predicted.ents) == 0


def test_a_text_over_the_pipelines_limit_is_predicted(ruler: Language, make_doc: MakeDoc) -> None:
    ruler.max_length = 5
    gold = make_doc(["Angela", "Merkel"], [(0, 2, "PER")], spaces=[True, False])
    assert len(predict(ruler, [gold]).examples[0].predicted.ents) == 1


def test_words_are_counted_without_the_warm_up(ruler: Language, make_doc: MakeDoc) -> None:
    prediction = predict(ruler, [make_doc(["Berlin", "calls"])] * 3)
    assert prediction.n_words == 6
    assert prediction.words_per_second > 0


def test_a_component_is_given_what_those_before_it_add_to_any_gold_text(
    ruler: Language, make_doc: MakeDoc
) -> None:
    ruler.add_pipe("sentencizer", first=True)
    ruler.max_length = 5
    golds = [make_doc(["Berlin.", "Now"]), make_doc(["Berlin.", "Now"], spaces=[True, False])]
    docs = prepare_docs(ruler, golds, before="entity_ruler")
    assert [[t.text for t in doc] for doc in docs] == [["Berlin.", "Now"], ["Berlin", ".", "Now"]]
    assert [len(list(doc.sents)) for doc in docs] == [1, 2]
    assert not any(doc.ents for doc in docs)
    assert ruler.pipe_names == ["sentencizer", "entity_ruler"]


def test_a_folder_is_read_in_the_order_of_its_files(tmp_path: Path, make_doc: MakeDoc) -> None:
    DocBin(docs=[make_doc(["second"])]).to_disk(tmp_path / "b.spacy")
    DocBin(docs=[make_doc(["first"])]).to_disk(tmp_path / "a.spacy")
    assert [doc.text for doc in read_gold_docs(tmp_path, spacy.blank("en").vocab)] == [
        "first ",
        "second ",
    ]


def test_a_file_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "train.spacy").write_text("-DOCSTART- O\n")
    with pytest.raises(CorpusError, match=r"train\.spacy: expected a DocBin"):
        read_gold_docs(tmp_path, spacy.blank("en").vocab)


def test_a_file_without_docs_is_refused(tmp_path: Path) -> None:
    DocBin().to_disk(tmp_path / "empty.spacy")
    with pytest.raises(CorpusError, match="found none"):
        read_gold_docs(tmp_path / "empty.spacy", spacy.blank("en").vocab)


def test_a_pipeline_that_is_not_there_is_refused_in_a_sentence() -> None:
    with pytest.raises(ConfigError, match="a folder that holds one, got 'training/nowhere'"):
        load_pipeline("training/nowhere")


def test_what_is_missing_inside_a_pipeline_is_not_taken_for_a_missing_pipeline(
    tmp_path: Path,
) -> None:
    spacy.blank("en").to_disk(tmp_path / "model")
    (tmp_path / "model" / "config.cfg").unlink()
    with pytest.raises(
        ConfigError, match=r"got the folder '.*model', which has no config\.cfg\. Name another one"
    ):
        load_pipeline(str(tmp_path / "model"))


def test_pipelines_inside_the_folder_that_was_named_are_named(tmp_path: Path) -> None:
    for name in ("model-best", "model-last"):
        spacy.blank("en").to_disk(tmp_path / name)
    with pytest.raises(ConfigError, match=r"Pipelines in it: .*model-best, .*model-last\.$"):
        load_pipeline(str(tmp_path))


def test_data_in_the_place_of_a_pipeline_is_refused(tmp_path: Path) -> None:
    DocBin().to_disk(tmp_path / "test.spacy")
    with pytest.raises(
        ConfigError, match=r"got the file '.*test\.spacy'\. The pipeline comes before the data"
    ):
        load_pipeline(str(tmp_path / "test.spacy"))


def test_a_blank_pipeline_is_one() -> None:
    assert load_pipeline("blank:de").lang == "de"


@pytest.mark.skipif(prefer_gpu(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"expected --gpu-id to be a GPU that spaCy can use.* got 0"
    ):
        use_gpu(0, silent=True)


def test_a_data_set_of_the_hub_is_to_be_converted_first() -> None:
    with pytest.raises(
        CorpusError, match=r"hf:conll2003: expected a file or a folder.* converted first"
    ):
        read_gold_docs(Path("hf:conll2003"), spacy.blank("en").vocab)


def test_options_of_convert_are_said_to_be_its_own(tmp_path: Path) -> None:
    (tmp_path / "gen.txt").write_text("import os\nfor x in y:\n    print(x)\n", encoding="utf8")
    with pytest.raises(
        CorpusError, match=r"--tag-column.* These are options of .*convert`: convert first"
    ):
        read_gold_docs(tmp_path / "gen.txt", spacy.blank("en").vocab)


def test_gold_that_nobody_annotated_is_refused_and_its_span_groups_are_named(
    make_doc: MakeDoc,
) -> None:
    bare = Doc(make_doc([]).vocab, words=["Oslo"])
    with pytest.raises(CorpusError, match=r"got documents without\. Annotate it"):
        check_gold([bare, make_doc([])], spans_key="hf_ner")
    bare.spans["sc"] = [bare[:1]]
    with pytest.raises(CorpusError, match=r"Span groups found: sc\. Name one with --spans-key"):
        check_gold([bare], spans_key="hf_ner")
    check_gold([bare], spans_key="sc")
    check_gold([bare, make_doc(["no", "entity"])], spans_key="hf_ner")


def test_gold_is_read_from_any_corpus_that_can_be_converted(tmp_path: Path) -> None:
    (tmp_path / "dev.conll").write_text("Mary B-PER\nleft O\n\nRome B-LOC\n", encoding="utf8")
    docs = read_gold_docs(tmp_path / "dev.conll", spacy.blank("en").vocab)
    assert [[ent.label_ for ent in doc.ents] for doc in docs] == [["PER"], ["LOC"]]


def test_a_pipeline_that_sets_no_entities_is_refused_and_its_span_groups_are_named(
    make_doc: MakeDoc,
) -> None:
    nlp = spacy.blank("en")
    with pytest.raises(ConfigError, match=r"got one that sets neither\. Add a component"):
        pair_predictions(predict(nlp, [make_doc(["Oslo"])]), spans_key="hf_ner")
    ruler = nlp.add_pipe("span_ruler", config={"spans_key": "found"})
    ruler.add_patterns([{"label": "LOC", "pattern": "Oslo"}])  # type: ignore[attr-defined]
    prediction = predict(nlp, [make_doc(["Oslo"], [(0, 1, "LOC")])])
    with pytest.raises(
        ConfigError, match=r"only doc\.spans\['found'\]\. Name one with --spans-key"
    ):
        pair_predictions(prediction, spans_key="hf_ner")
    (pair,) = pair_predictions(prediction, spans_key="found")
    assert pair.predicted == pair.gold


def test_the_span_group_is_that_of_the_component_unless_it_is_named() -> None:
    nlp = spacy.blank("en")
    assert find_spans_key(nlp) == "hf_ner"
    nlp.add_pipe("hf_ner", config={"spans_key": "mine"})
    assert find_spans_key(nlp) == "mine"
    assert find_spans_key(nlp, "other") == "other"
