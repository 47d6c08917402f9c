import pytest

from spacy_hf_ner.core.labels import add_entity_type, make_tag_set, read_labels
from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, SchemeName, Tag
from spacy_hf_ner.errors import CheckpointError, TagError

# What publishers of checkpoints write, the scheme it is, and the tags it means.
PUBLISHED = [
    # dslim/bert-base-NER
    ("O B-MISC I-MISC B-PER I-PER B-ORG I-ORG", "IOB", "O B-MISC I-MISC B-PER I-PER B-ORG I-ORG"),
    # dbmdz/bert-large-cased-finetuned-conll03-english: IOB1, so a type that never touches its like
    # has no B-
    (
        "B-LOC B-MISC B-ORG I-LOC I-MISC I-ORG I-PER O",
        "IOB",
        "B-LOC B-MISC B-ORG I-LOC I-MISC I-ORG I-PER O",
    ),
    # xlm-roberta-large-finetuned-conll03-english, with padding among its labels
    ("I-LOC I-ORG I-PER O <pad>", "IO", "I-LOC I-ORG I-PER O <pad>"),
    ("O B-X I-X E-X S-X", "IOBES", "O B-X I-X E-X S-X"),
    ("B-X I-X L-X U-X O", "BILOU", "B-X I-X L-X U-X O"),
    ("O B-NAME M-NAME E-NAME S-NAME", "BMES", "O B-NAME M-NAME E-NAME S-NAME"),
    ("O S-X", "BIS", "O S-X"),
    # without the prefix of last tokens, or of single ones, or of both
    ("O B-X I-X S-X", "BIS", "O B-X I-X S-X"),
    ("O B-X I-X E-X", "BIE", "O B-X I-X E-X"),
    ("O B-X E-X S-Y", "IOBES", "O B-X E-X S-Y"),
    ("O I-X E-X S-X", "IES", "O I-X E-X S-X"),
    ("O B-X I-X U-X", "BIU", "O B-X I-X U-X"),
    ("O B-X I-X L-X", "BIL", "O B-X I-X L-X"),
    ("O B-X M-X S-X", "BMS", "O B-X M-X S-X"),
    ("O B-X M-X E-X", "BME", "O B-X M-X E-X"),
    ("O B-X M-X", "BM", "O B-X M-X"),
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
    ("ADJ I U P+D", "IO", "I-ADJ I-I I-U I-P+D"),
    # bare types beside prefixed ones
    ("O B-PER I-PER DATE", "IOB", "O B-PER I-PER I-DATE"),
    ("O B-PER I-PER E_MAIL", "IOB", "O B-PER I-PER I-E_MAIL"),
    ("O B-PER I-PER E-PER S-PER DATE", "IOBES", "O B-PER I-PER E-PER S-PER S-DATE"),
    # a type that the checkpoint itself can never start
    ("O B-LOC E-LOC I-PER E-PER", "BIE", "O B-LOC E-LOC I-PER E-PER"),
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
    ("[PAD] O B-PER I-PER [CLS] [SEP]", "IOB", "[PAD] O B-PER I-PER [CLS] [SEP]"),
    ("PAD B-PER I-PER", "IOB", "O B-PER I-PER"),
    ("PAD o B-PER O", "IOB", "PAD o B-PER O"),
    ("[CLS] OUT PER", "IO", "[CLS] O I-PER"),
    # marks, of which "-" is one: oliverguhr/fullstop-punctuation-multilang-large
    ("0 . , ? - :", "IO", "O I-. I-, I-? I-- I-:"),
    (", . - PER", "IO", "I-, I-. I-- I-PER"),
    ("- PER", "IO", "O I-PER"),
    # prefixes in lower case, and types that only look so
    ("o b-per i-per b-loc i-loc", "IOB", "O B-per I-per B-loc I-loc"),
    ("O b_PER", "IOB", "O B-PER"),
    ("o b-per i-per l-per u-per", "BILOU", "O B-per I-per L-per U-per"),
    ("O e-mail b-side", "IO", "O I-e-mail I-b-side"),
    # prefixes at the end, and types that only look so
    ("O PER-B PER-I LOC-B LOC-I", "IOB", "O B-PER I-PER B-LOC I-LOC"),
    ("o [PAD] per_b per_i", "IOB", "O [PAD] B-per I-per"),
    ("O PER-B PER-I PER-E PER-S LOC-S", "IOBES", "O B-PER I-PER E-PER S-PER S-LOC"),
    ("O work-of-art-B work-of-art-M", "BM", "O B-work-of-art M-work-of-art"),
    ("O VITAMIN-B VITAMIN-E", "IO", "O I-VITAMIN-B I-VITAMIN-E"),
    ("O GROUP_B", "IO", "O I-GROUP_B"),
    ("O I-VITAMIN-B I-VITAMIN-I", "IO", "O I-VITAMIN-B I-VITAMIN-I"),
    # other separators
    ("O B:PER I:PER", "IOB", "O B-PER I-PER"),
    ("O B/PER I/PER", "IOB", "O B-PER I-PER"),
    ("O b.per i.per b.loc", "IOB", "O B-per I-per B-loc"),
    ("O S.S B.C", "IO", "O I-S.S I-B.C"),
    ("O LABEL_1", "IO", "O I-LABEL_1"),
]


@pytest.mark.parametrize(("labels", "scheme", "tags"), PUBLISHED)
def test_published_labels_are_read_as_tags(labels: str, scheme: SchemeName, tags: str) -> None:
    tag_set = read_labels(labels.split())
    assert (tag_set.scheme.name, tag_set.labels) == (scheme, tuple(tags.split()))


def test_labels_may_hold_white_space() -> None:
    assert read_labels(["O", "B PER", "I PER"]).labels == ("O", "B-PER", "I-PER")
    assert read_labels(["O", "B-A\nB", "I-A\nB"]).entity_types == ("A\nB",)


@pytest.mark.parametrize(
    ("labels", "doubtful"),
    [
        ("O B-PER I-PER b-LOC i-LOC", "'b-LOC', 'i-LOC'"),
        ("O B-PER I-PER B_LOC I_LOC", "'B_LOC', 'I_LOC'"),
        ("O B-PER i-PER", "'i-PER'"),
        ("o b-per i-per date", "'b-per', 'i-per'"),
        ("O PER-B PER-I DATE", "'PER-B', 'PER-I'"),
        ("O B-LOC I-LOC E-PER", "'B-LOC', 'I-LOC'"),
    ],
)
def test_types_that_may_be_tags_are_refused(labels: str, doubtful: str) -> None:
    message = (
        rf"^the labels {doubtful} may be tags, or entity types "
        r'.* labels = \["O", "B-PER", "I-PER", …\]\.$'
    )
    with pytest.raises(TagError, match=message):
        read_labels(labels.split())
    assert read_labels(labels.split(), as_they_are=True).entity_types


@pytest.mark.parametrize(
    ("labels", "scheme", "tags"),
    [
        ("O B-PER I-PER", "IOB2", "O B-PER I-PER"),
        ("O B-PER I-PER", "IOB1", "O B-PER I-PER"),
        ("O I-PER", "IOB1", "O I-PER"),
        ("O B-X E-X S-X", "BMES", "O B-X E-X S-X"),
        ("O PER", "IOB1", "O I-PER"),
        ("O B-PER I-PER DATE", "IOB2", "O B-PER I-PER B-DATE"),
    ],
)
def test_a_named_scheme_is_taken(labels: str, scheme: SchemeName, tags: str) -> None:
    tag_set = read_labels(labels.split(), scheme=scheme)
    assert (tag_set.scheme, tag_set.labels) == (SCHEMES[scheme], tuple(tags.split()))


@pytest.mark.parametrize("labels", ["O B I", "B I", "O B- I-", "o b_ i_", "O B-PER I-PER B- I-"])
def test_prefixes_without_a_type_are_refused(labels: str) -> None:
    message = r'are prefixes without an entity type\. .* labels = \["O", "B-ENTITY", "I-ENTITY"\]'
    with pytest.raises(TagError, match=message):
        read_labels(labels.split())
    assert read_labels(labels.split(), as_they_are=True).entity_types


@pytest.mark.parametrize("labels", ["NONE OTHER PER", "B-PER other 0 I-PER"])
def test_several_names_for_outside_without_o_are_refused(labels: str) -> None:
    message = r'^the labels .* and .* may each mean "no entity", .* labels = \["O", "O", "B-PER"'
    with pytest.raises(TagError, match=message):
        read_labels(labels.split())
    assert read_labels(labels.split(), as_they_are=True).entity_types


@pytest.mark.parametrize("numbered", ["LABEL_0 LABEL_1 LABEL_2", "0 1 2"])
def test_labels_that_are_placeholders_are_refused(numbered: str) -> None:
    labels = numbered.split()
    message = (
        f"^the checkpoint names its 3 labels {labels[0]} … {labels[-1]}, which says nothing "
        r'.* labels = \["O", "B-PER"'
    )
    with pytest.raises(CheckpointError, match=message):
        read_labels(labels)


def test_a_head_with_one_column_is_refused_unless_it_finds_nothing() -> None:
    with pytest.raises(CheckpointError, match=r"a single label, 'LABEL_0': .* with a sigmoid"):
        read_labels(["LABEL_0"])
    assert read_labels(["O"]).labels == ("O",)


def test_a_scheme_that_lacks_a_prefix_of_the_labels_is_refused() -> None:
    message = (
        r"use the prefixes E, S, which are not in scheme IOB2 \(B, I\)\. "
        'Set scheme = "auto" or "IOBES", or train'
    )
    with pytest.raises(TagError, match=message):
        read_labels(["O", "B-X", "E-X", "I-X", "S-X"], scheme="IOB2")


@pytest.mark.parametrize(
    ("labels", "scheme", "stuck"),
    [
        ("O B-LOC I-LOC I-PER", "IOB2", "PER"),
        ("O B-LOC I-LOC B-PER", "IOB1", "PER"),
        ("O B-LOC I-LOC B-PER I-PER", "IOBES", "LOC, PER"),
        ("O I-PER", "IOB2", "PER"),
        ("O PER", "IOB2", "PER"),
    ],
)
def test_a_type_that_could_never_be_found_is_refused(labels: str, scheme: str, stuck: str) -> None:
    message = (
        rf"^no entity of type {stuck} could ever be found in scheme "
        r'.* Set scheme = "auto" or "IOB?", '
        rf"or train the model, which gives it a new head in {scheme}\.$"
    )
    with pytest.raises(TagError, match=message):
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
def test_a_new_tag_set_has_outside_first_and_then_each_type(
    scheme: SchemeName, labels: str
) -> None:
    tag_set = make_tag_set(["LOC", "PER"], SCHEMES[scheme])
    assert (tag_set.labels, tag_set.entity_types) == (tuple(labels.split()), ("LOC", "PER"))
    assert len(tag_set) == len(labels.split())


@pytest.mark.parametrize("types", [["A", "B", "A"], ["A", ""]])
def test_a_new_tag_set_needs_distinct_types_with_a_name(types: list[str]) -> None:
    with pytest.raises(TagError, match="entity types must be distinct and not empty, got "):
        make_tag_set(types, SCHEMES["IOB2"])


@pytest.mark.parametrize("entity_type", ["PER", ""])
def test_a_type_that_is_added_needs_a_name_of_its_own(entity_type: str) -> None:
    with pytest.raises(TagError, match="entity types must be distinct and not empty, got "):
        add_entity_type(make_tag_set(["PER"], SCHEMES["IOB2"]), entity_type)


def test_gold_has_the_column_named_o_whatever_else_is_outside() -> None:
    tag_set = read_labels(["PAD", "O", "B-PER", "I-PER", "[CLS]", "O"])
    assert [tag_set.columns[tag] for tag in (OUTSIDE, Tag("B", "PER"), Tag("I", "PER"))] == [
        1,
        2,
        3,
    ]
    assert tag_set.type_i == (-1, -1, 0, 0, -1, -1)


def test_columns_are_found_again_in_another_tag_set_each_of_them_once() -> None:
    known = read_labels(["PAD", "O", "B-PER", "I-PER", "[CLS]", "O"])
    assert known.columns_in(add_entity_type(known, "LOC")) == [0, 1, 2, 3, 4, 5]
    assert make_tag_set(["LOC", "PER"], SCHEMES["IOB2"]).columns_in(known) == [1, None, None, 2, 3]


def test_entity_types_keep_the_order_of_their_first_label() -> None:
    assert read_labels(["I-B", "O", "B-A", "B-B", "I-A"]).entity_types == ("B", "A")
