import pytest

from spacy_hf_ner.core.labels import make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES, SchemeName
from spacy_hf_ner.errors import CheckpointError, TagError

# What publishers of checkpoints write, the scheme it is, and the tags it means.
PUBLISHED = [
    # dslim/bert-base-NER
    ("O B-MISC I-MISC B-PER I-PER B-ORG I-ORG", "IOB", "O B-MISC I-MISC B-PER I-PER B-ORG I-ORG"),
    # dbmdz/bert-large-cased-finetuned-conll03-english: IOB1, so a type that never touches its like has no B-
    ("B-LOC B-MISC B-ORG I-LOC I-MISC I-ORG I-PER O", "IOB", "B-LOC B-MISC B-ORG I-LOC I-MISC I-ORG I-PER O"),
    # xlm-roberta-large-finetuned-conll03-english, with padding among its labels
    ("I-LOC I-ORG I-PER O <pad>", "IO", "I-LOC I-ORG I-PER O O"),
    ("O B-X I-X E-X S-X", "IOBES", "O B-X I-X E-X S-X"),
    ("B-X I-X L-X U-X O", "BILOU", "B-X I-X L-X U-X O"),
    ("O B-NAME M-NAME E-NAME S-NAME", "BMES", "O B-NAME M-NAME E-NAME S-NAME"),
    ("O S-X", "IOBES", "O S-X"),
    # other separators, and separators inside a type
    ("O B_PER I_PER", "IOB", "O B-PER I-PER"),
    ("O B-first_name I-first_name", "IOB", "O B-first_name I-first_name"),
    ("O B_creative-work I_creative-work", "IOB", "O B-creative-work I-creative-work"),
    ("O B-ORG-COMPANY I-ORG-COMPANY", "IOB", "O B-ORG-COMPANY I-ORG-COMPANY"),
    ("O B-E-MAIL I-E-MAIL", "IOB", "O B-E-MAIL I-E-MAIL"),
    # bare types, also such as look prefixed
    ("O PER LOC", "IO", "O I-PER I-LOC"),
    ("NOUN VERB", "IO", "I-NOUN I-VERB"),
    ("O date-time work_of_art", "IO", "O I-date-time I-work_of_art"),
    ("O E_MAIL PHONE", "IO", "O I-E_MAIL I-PHONE"),
    ("O E-MAIL L-SHAPE", "IO", "O I-E-MAIL I-L-SHAPE"),
    ("O E_MAIL S_SN", "IO", "O I-E_MAIL I-S_SN"),
    ("O I_BAN S_SN PHONE", "IO", "O I-I_BAN I-S_SN I-PHONE"),
    ("O B_PER I_LOC M_ORG L_DATE", "IO", "O I-B_PER I-I_LOC I-M_ORG I-L_DATE"),
    ("O B I", "IO", "O I-B I-I"),
    # bare types beside prefixed ones
    ("O B-PER I-PER DATE", "IOB", "O B-PER I-PER I-DATE"),
    ("O B-PER I-PER E_MAIL", "IOB", "O B-PER I-PER I-E_MAIL"),
    ("O B-PER I-PER E-PER S-PER DATE", "IOBES", "O B-PER I-PER E-PER S-PER S-DATE"),
    # a type that the checkpoint itself can never start
    ("O B-LOC E-LOC I-PER E-PER", "IOBES", "O B-LOC E-LOC I-PER E-PER"),
    # outside labels
    ("o B-PER I-PER", "IOB", "O B-PER I-PER"),
    ("OUT PER", "IO", "O I-PER"),
    ("Outside B-PER", "IOB", "O B-PER"),
    ("NONE B-PER", "IOB", "O B-PER"),
    ("0 B-PER", "IOB", "O B-PER"),
    ("_ B_PER", "IOB", "O B-PER"),
    ("B-PER I-PER OTHER", "IOB", "B-PER I-PER O"),
    ("O OTHER PER", "IO", "O I-OTHER I-PER"),
    ("O B-OTHER I-OTHER", "IOB", "O B-OTHER I-OTHER"),
    ("O B-PER O", "IOB", "O B-PER O"),
    ("B-PER I-PER", "IOB", "B-PER I-PER"),
    # padding and special tokens
    ("[PAD] O B-PER I-PER [CLS] [SEP]", "IOB", "O O B-PER I-PER O O"),
    ("PAD B-PER I-PER", "IOB", "O B-PER I-PER"),
    ("O LABEL_1", "IO", "O I-LABEL_1"),
]


@pytest.mark.parametrize(("labels", "scheme", "tags"), PUBLISHED)
def test_published_labels_are_read_as_tags(labels: str, scheme: SchemeName, tags: str) -> None:
    tag_set = read_labels(labels.split())
    assert (tag_set.scheme.name, tag_set.labels) == (scheme, tuple(tags.split()))


@pytest.mark.parametrize(
    ("labels", "scheme", "tags"),
    [
        ("O B-PER I-PER", "IOB2", "O B-PER I-PER"),
        ("O B-PER I-PER", "IOB1", "O B-PER I-PER"),
        ("O I-PER", "IOB1", "O I-PER"),
        ("O B-X E-X S-X", "BMES", "O B-X E-X S-X"),
        ("O PER", "IOB1", "O I-PER"),
        ("O PER", "IOB2", "O B-PER"),
        ("O B-PER I-PER DATE", "IOB2", "O B-PER I-PER B-DATE"),
    ],
)
def test_a_named_scheme_is_taken(labels: str, scheme: SchemeName, tags: str) -> None:
    tag_set = read_labels(labels.split(), scheme=scheme)
    assert (tag_set.scheme, tag_set.labels) == (SCHEMES[scheme], tuple(tags.split()))


def test_labels_that_are_placeholders_are_refused() -> None:
    message = r'^the checkpoint names its 3 labels LABEL_0 … LABEL_2, which says nothing .* labels = \["O", "B-PER"'
    with pytest.raises(CheckpointError, match=message):
        read_labels(["LABEL_0", "LABEL_1", "LABEL_2"])


def test_a_scheme_that_lacks_a_prefix_of_the_labels_is_refused() -> None:
    message = r"use the prefixes E, S, which are not in scheme IOB2 \(B, I\)\. Set scheme = \"auto\" or \"IOBES\"\.$"
    with pytest.raises(TagError, match=message):
        read_labels(["O", "B-X", "E-X", "I-X", "S-X"], scheme="IOB2")


@pytest.mark.parametrize(
    ("labels", "scheme", "stuck"),
    [
        ("O B-LOC I-LOC I-PER", "IOB2", "PER"),
        ("O B-LOC I-LOC B-PER", "IOB1", "PER"),
        ("O B-LOC I-LOC B-PER I-PER", "IOBES", "LOC, PER"),
    ],
)
def test_a_type_that_could_never_be_found_is_refused(labels: str, scheme: str, stuck: str) -> None:
    with pytest.raises(TagError, match=rf'^no entity of type {stuck} could ever be found in scheme .* or "IOB"\.$'):
        read_labels(labels.split(), scheme=scheme)


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(TagError, match="unknown tag scheme 'BIO'"):
        read_labels(["O", "B-PER"], scheme="BIO")


@pytest.mark.parametrize(
    ("scheme", "labels"),
    [
        ("IO", "O I-LOC I-PER"),
        ("IOB2", "O B-LOC I-LOC B-PER I-PER"),
        ("BILOU", "O B-LOC I-LOC L-LOC U-LOC B-PER I-PER L-PER U-PER"),
    ],
)
def test_a_new_tag_set_has_outside_first_and_then_each_type(scheme: SchemeName, labels: str) -> None:
    tag_set = make_tag_set(["LOC", "PER"], SCHEMES[scheme])
    assert (tag_set.labels, tag_set.entity_types) == (tuple(labels.split()), ("LOC", "PER"))
    assert len(tag_set) == len(labels.split())


@pytest.mark.parametrize("types", [["A", "B", "A"], ["A", ""]])
def test_a_new_tag_set_needs_distinct_types_with_a_name(types: list[str]) -> None:
    with pytest.raises(TagError, match="entity types must be distinct and not empty, got "):
        make_tag_set(types, SCHEMES["IOB2"])


def test_entity_types_keep_the_order_of_their_first_label() -> None:
    assert read_labels(["I-B", "O", "B-A", "B-B", "I-A"]).entity_types == ("B", "A")
