"""spaCy's own forms: nothing that a Doc holds is lost without a word."""

import json
import zlib
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.training import docs_to_json

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.columns import Columns, Task
from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus
from spacy_hf_ner.corpus.formats.spacy_docs import read_doc
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import kinds, read, show, text_of

VOCAB = spacy.blank("en").vocab
JOINED = "entity or span across the start of a sentence, the sentences joined"


def write(path: Path, *docs: Doc) -> str:
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return str(path)


def make(words: str, starts: str, *, scheme: str = "IO") -> Doc:
    """Return a Doc of words separated by spaces, whose sentences start where there is a "1"."""
    doc = Doc(VOCAB, words=words.split(" "), sent_starts=[start == "1" for start in starts])
    doc.user_data["scheme"] = scheme
    return doc


# ------------------------------------------------------------------------------------------- .spacy


def test_an_entity_across_the_start_of_a_sentence_is_kept_and_its_sentences_are_joined(
    tmp_path: Path,
) -> None:
    first = make("Ed Li ran", "110")
    first.ents = [Span(first, 0, 2, "PER")]
    second = make("Hi Bo Li ran Oh", "10101")
    second.ents = [Span(second, 1, 3, "PER")]
    second.user_data["sentence_ids"] = ["a", "b", "c"]
    source = write(tmp_path / "a.spacy", first, second)
    joined, whole, last = read(tmp_path / "a.spacy")
    assert (joined.words, show(joined), kinds(joined)) == (
        ("Ed", "Li", "ran"),
        ["Ed Li/PER"],
        [JOINED],
    )
    assert (whole.words, show(whole)) == (("Hi", "Bo", "Li", "ran"), ["Bo Li/PER"])
    assert (whole.sentence_id, last.words, last.sentence_id) == ("a", ("Oh",), "c")
    report = convert_corpus(source, tmp_path / "b.spacy")
    assert report.files[0].entities == {"PER": 2}
    assert [(kind, r.count, r.first_line) for kind, r in report.files[0].repairs.items()] == [
        (JOINED, 2, 1)
    ]
    with pytest.raises(
        CorpusError, match=r"a.spacy:1: entity or span across the start of a sentence"
    ):
        convert_corpus(source, tmp_path / "b.spacy", options=ConvertOptions(strict=True))


@pytest.mark.parametrize("key", ["entities", "chunks"])
def test_a_span_across_the_start_of_a_sentence_is_kept(key: str) -> None:
    doc = make("Ed Li ran", "110")
    doc.spans[key] = [Span(doc, 0, 2, "X")]
    (sentence,) = read_doc(doc)
    assert {"entities": sentence.layers, "chunks": sentence.chunks}[key] == (TokenSpan(0, 2, "X"),)


def test_a_sentence_of_white_space_leaves_its_white_space_and_the_documents_name() -> None:
    doc = Doc(
        VOCAB,
        words=["\n", "Ed", "ran", "\t", "Hi"],
        spaces=[False, True, False, False, False],
        sent_starts=[True, True, False, True, True],
    )
    doc.user_data["document_id"] = "d"
    first, second = read_doc(doc)
    assert (first.lead, first.words, first.gaps) == ("\n", ("Ed", "ran"), (" ", "\t"))
    assert (first.document_id, second.words) == ("d", ("Hi",))


def annotate(doc: Doc, name: str) -> None:
    match name:
        case "text categories (doc.cats)":
            doc.cats["x"] = 1.0
        case "token annotation LEMMA":
            doc[0].lemma_ = "x"
        case "token annotation DEP":
            doc[0].dep_ = "nsubj"
        case "ids of entities":
            doc.set_ents([Span(doc, 0, 1, "PER", kb_id="Q1")])
        case "doc.spans['sc']":
            doc.spans["sc"] = [Span(doc, 0, 1, "X")]
        case "doc.user_data of others":
            doc.user_data["url"] = "x"


@pytest.mark.parametrize(
    "name",
    [
        "text categories (doc.cats)",
        "token annotation LEMMA",
        "token annotation DEP",
        "ids of entities",
        "doc.spans['sc']",
        "doc.user_data of others",
    ],
)
def test_what_a_sentence_has_no_place_for_is_counted_with_its_document(
    tmp_path: Path, name: str
) -> None:
    plain, rich = make("Hi", "1"), make("Ed ran", "10")
    annotate(rich, name)
    source = write(tmp_path / "a.spacy", plain, rich)
    (file,) = convert_corpus(source, tmp_path / "b.spacy").files
    assert [(kind, r.count, r.first_line) for kind, r in file.repairs.items()] == [
        (f"{name}, left out", 1, 2)
    ]


def test_what_convert_writes_is_read_without_a_repair(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text(
        "-DOCSTART- -X- -X- O\n\nEd NNP B-NP B-PER\nran VBD B-VP O\n\nHi UH O O\n", encoding="utf8"
    )
    convert_corpus(str(tmp_path / "a.conll"), tmp_path / "b.spacy")
    convert_corpus(
        str(tmp_path / "b.spacy"), tmp_path / "c.spacy", options=ConvertOptions(strict=True)
    )


def test_entities_of_white_space_and_documents_without_words_are_counted(tmp_path: Path) -> None:
    blank, wide = (Doc(VOCAB, words=["Ed", "\n", "ran"], spaces=[False] * 3) for _ in range(2))
    blank.ents = [Span(blank, 1, 2, "X")]
    wide.ents = [Span(wide, 1, 3, "X")]
    source = write(tmp_path / "a.spacy", blank, Doc(VOCAB), wide, Doc(VOCAB, words=["\n"]))
    (file,) = convert_corpus(source, tmp_path / "b.spacy").files
    assert {kind: (r.count, r.first_line) for kind, r in file.repairs.items()} == {
        "entity of white space only, left out": (1, 1),
        "document without words, left out": (2, 2),
        "white space at the border of an entity, trimmed": (1, 3),
    }
    assert file.entities == {"X": 1}


@pytest.mark.parametrize("task", ["pos", "chunk"])
def test_another_task_leaves_entities_unannotated(tmp_path: Path, task: Task) -> None:
    doc = make("Ed ran", "10")
    doc.ents = [Span(doc, 0, 1, "PER")]
    doc[0].tag_ = "NNP"
    doc.spans["entities"] = [Span(doc, 0, 1, "PER")]
    doc.spans["chunks"] = [Span(doc, 0, 1, "NP")]
    write(tmp_path / "a.spacy", doc)
    (sentence,) = read(tmp_path / "a.spacy", ReadOptions(columns=Columns(task=task)))
    assert (sentence.spans, sentence.layers, sentence.missing) == ((), (), (0, 1))
    assert (sentence.pos, sentence.chunks) == (("NNP", ""), (TokenSpan(0, 1, "NP"),))


# --------------------------------------------------------------------------------- spaCy 2 training


def write_training(path: Path, *docs: Doc, **paragraph: Any) -> Path:
    record = docs_to_json(list(docs), doc_id=7)
    record["paragraphs"][0].update(paragraph)
    path.write_text(json.dumps([record]), encoding="utf8")
    return path


def make_text(*sentences: str) -> Doc:
    """Return a Doc of two words a sentence, "wo|rd": the text is that without the bars."""
    pieces = [piece for sentence in sentences for piece in sentence.split("|")]
    starts: list[bool | int | None] = [
        i == 0 for sentence in sentences for i, _ in enumerate(sentence.split("|"))
    ]
    spaces = [piece.endswith(" ") for piece in pieces]
    doc = Doc(
        VOCAB,
        words=[piece.removesuffix(" ") for piece in pieces],
        spaces=spaces,
        sent_starts=starts,
    )
    doc.ents = [Span(doc, 0, 1, "PER")]
    return doc


@pytest.mark.parametrize("raw", [True, False])
def test_training_json_keeps_the_white_space_of_its_text(tmp_path: Path, raw: bool) -> None:
    doc = make_text("Ed|- |Li|.", "Oh |?|\n\n", "No")
    path = write_training(tmp_path / "a.json", doc, make_text("Hi |Bo"))
    if not raw:
        record = json.loads(path.read_text(encoding="utf8"))
        for paragraph in record[0]["paragraphs"]:
            del paragraph["raw"]
        path.write_text(json.dumps(record), encoding="utf8")
    first, second, third, fourth = read(path)
    assert (text_of(first), text_of(second)) == ("Ed- Li.", "Oh ?\n\n")
    assert (first.gaps, second.gaps, third.gaps, fourth.gaps) == (
        ("", " ", "", ""),
        (" ", "\n\n"),
        (),
        (" ", None),
    )
    assert (show(first), first.document_id, fourth.starts_document) == (["Ed/PER"], "7", False)


def test_training_json_whose_text_does_not_fit_or_is_unknown_leaves_white_space_to_the_language(
    tmp_path: Path,
) -> None:
    doc = make_text("Ed|!")
    (wrong,) = read(write_training(tmp_path / "a.json", doc, raw="Bo !"))
    assert (wrong.gaps, kinds(wrong)) == ((), ["text that does not fit the words, not used"])
    unknown = Doc(VOCAB, words=["Ed", "!"], sent_starts=[True, False])
    (sentence,) = read(write_training(tmp_path / "a.json", unknown))
    assert (sentence.gaps, kinds(sentence)) == ((), [])


def test_a_sentence_without_tokens_in_training_json_is_none(tmp_path: Path) -> None:
    sentences = [{"tokens": []}, {"tokens": [{"orth": "Ed", "ner": "U-PER"}]}]
    (sentence,) = read(write_training(tmp_path / "a.json", make_text("Ed"), sentences=sentences))
    assert show(sentence) == ["Ed/PER"]


TOKENS = [
    {"orth": "Ed", "tag": "NNP", "ner": "B-PER"},
    {"orth": "Li", "tag": None, "ner": "L-PER"},
    {"orth": None, "tag": None, "ner": "O"},
    {"orth": "ran", "tag": "VBD", "ner": None},
]


def test_null_in_training_json_is_missing(tmp_path: Path) -> None:
    path = write_training(
        tmp_path / "a.json", make_text("Ed"), sentences=[{"tokens": TOKENS}], raw=None
    )
    (sentence,) = read(path)
    assert (sentence.words, sentence.pos) == (("Ed", "Li", "ran"), ("NNP", "", "VBD"))
    assert (show(sentence), sentence.missing) == (["Ed Li/PER"], (2,))
    assert kinds(sentence) == ["blank word, left out"]
    assert open_corpus(path, ReadOptions()).scheme == "BILOU"


def test_parts_of_speech_of_training_json_are_read_without_entities(tmp_path: Path) -> None:
    path = write_training(
        tmp_path / "a.json", make_text("Ed"), sentences=[{"tokens": TOKENS}], raw=None
    )
    (sentence,) = read(path, ReadOptions(columns=Columns(task="pos")))
    assert (sentence.spans, sentence.missing) == ((), (0, 1, 2))
    assert (sentence.words, sentence.pos) == (("Ed", "Li", "ran"), ("NNP", "", "VBD"))


@pytest.mark.parametrize(
    ("task", "wanted"), [("pos", "parts of speech"), ("chunk", r"chunks \(O, B-NP, …\)")]
)
def test_training_json_without_what_the_task_is_about_is_an_error(
    tmp_path: Path, task: Task, wanted: str
) -> None:
    sentences = [{"tokens": [{"orth": "Ed", "ner": "U-PER"}]}]
    path = write_training(tmp_path / "a.json", make_text("Ed"), sentences=sentences)
    with pytest.raises(
        CorpusError,
        match=f'a.json: expected tokens with {wanted} for column = "{task}", got the JSON',
    ):
        read(path, ReadOptions(columns=Columns(task=task)))


@pytest.mark.parametrize("form", ["training", "Doc"])
def test_damaged_bytes_of_spacys_json_are_told(tmp_path: Path, form: str) -> None:
    doc = make_text("Zo\u00eb |Li")
    record = docs_to_json([doc]) if form == "training" else doc.to_json()
    line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
    (tmp_path / "a.json").write_bytes(line * 2 + line.replace(b"Li", b"L\xff"))
    (file,) = convert_corpus(str(tmp_path / "a.json"), tmp_path / "b.spacy").files
    assert {kind: r.first_line for kind, r in file.repairs.items()} == {
        "bytes that are not UTF-8": 3
    }


# ------------------------------------------------------------------------------------------- damage


def test_a_docbin_that_is_damaged_inside_is_an_error_that_names_it(tmp_path: Path) -> None:
    doc = Doc(VOCAB, words=["Ed", "ran"], tags=["NNP", "VBD"], ents=["B-PER", "O"])
    DocBin(attrs=["ENT_IOB", "ENT_TYPE", "TAG"], docs=[doc]).to_disk(tmp_path / "a.spacy")
    good = zlib.decompress((tmp_path / "a.spacy").read_bytes())
    messages: list[str] = []
    for at in range(len(good)):
        damaged = bytearray(good)
        damaged[at] ^= 0x55
        (tmp_path / "b.spacy").write_bytes(zlib.compress(damaged))
        try:
            list(open_corpus(tmp_path / "b.spacy", ReadOptions()).read())
        except CorpusError as error:
            messages.append(str(error))
    assert len(messages) > len(good) / 2
    assert all("b.spacy" in message for message in messages)


# -------------------------------------------------------------------------------------- span groups


def write_scored(path: Path) -> None:
    doc = Doc(VOCAB, words=["Ed", "Li", "ran"], ents=["O", "O", "B-X"])
    spans = [Span(doc, 0, 2, "PER"), Span(doc, 1, 2, "PER")]
    doc.spans["hf_ner"] = SpanGroup(doc, spans=spans, attrs={"scores": [0.75, 0.25]})
    other = Doc(VOCAB, words=["Bo"])
    DocBin(docs=[doc, other], store_user_data=True).to_disk(path)


def test_entities_and_scores_of_a_span_group_are_read_by_its_key(tmp_path: Path) -> None:
    write_scored(tmp_path / "a.spacy")
    options = ReadOptions(spans_key="hf_ner")
    first, second = open_corpus(tmp_path / "a.spacy", options).read()
    assert first.spans == (TokenSpan(0, 2, "PER"),)
    assert first.scores == {TokenSpan(0, 2, "PER"): 0.75, TokenSpan(1, 2, "PER"): 0.25}
    assert (first.missing, second.missing) == ((), (0,))
    convert_corpus(str(tmp_path / "a.spacy"), tmp_path / "b.spacy", options)
    again, _ = open_corpus(tmp_path / "b.spacy", ReadOptions()).read()
    assert (again.spans, again.scores) == (first.spans, first.scores)


def test_a_span_group_that_no_doc_has_is_an_error_that_names_those_found(tmp_path: Path) -> None:
    write_scored(tmp_path / "a.spacy")
    with pytest.raises(CorpusError, match=r"Span groups found: hf_ner. Name one of them with"):
        open_corpus(tmp_path / "a.spacy", ReadOptions(spans_key="sc"))
