"""94 published checkpoints: the facts that a twin is made by, and what a person would expect of it.

Facts were gathered from the checkpoints' cards, and from code and pages that use them. What nobody
could tell is left at what is usual. Whether labels stand in the published order is noted with each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.checkpoints import CONLL_LABELS

__all__ = ["TWINS", "Order", "Twin"]

Order = Literal["published", "ours", "unknown"]
"""Whether labels are in the order of the published map, in one of our own because only their names
are known, or our own as a whole because nobody could tell them."""


@dataclass(frozen=True, slots=True)
class Twin:
    """What is known of a checkpoint, and what is expected of it.

    Attributes:
        name: Its name on the hub.
        family: Its model type.
        tokenizer: The kind of its tokenizer, as :mod:`tests.twins.folders` makes it.
        labels: Its labels, in the order of their ids; none for an encoder.
        order: Where that order is from.
        scheme: Expected: the scheme that its labels are in.
        types: Expected: its entity types, in whatever order.
        outside: Expected: the label that means "no entity"; None where there is none.
        vocabulary_only: Whether it has no tokenizer.json.
        weights: What its weights are stored in.
        config: What its config.json says besides.
        tokenizer_config: What its tokenizer_config.json says besides.
        more_files: What else lies beside it, by name.
        begins_inside: Whether it labels the first token of an entity as inside (IOB1).
        refusal: Expected: what the error says if it is loaded as it is; empty where it loads.
        given: The setting ``labels`` with which it loads then.
        since: The version of transformers that has its family, where 4.53 has not.
        remark: What a user of it should know.
    """

    name: str
    family: str
    tokenizer: str
    labels: tuple[str, ...] = CONLL_LABELS
    order: Order = "unknown"
    scheme: str = "IOB"
    types: tuple[str, ...] = ("PER", "ORG", "LOC", "MISC")
    outside: str | None = "O"
    vocabulary_only: bool = False
    weights: Literal["safetensors", "pickle", "tensorflow"] = "safetensors"
    config: Mapping[str, Any] = field(default_factory=dict)
    tokenizer_config: Mapping[str, Any] = field(default_factory=dict)
    more_files: Mapping[str, str] = field(default_factory=dict)
    begins_inside: bool = False
    refusal: str = ""
    given: tuple[str, ...] = ()
    since: str = ""
    remark: str = ""

    @property
    def is_encoder(self) -> bool:
        """Whether it has no head."""
        return not self.labels


def _by_type(prefixes: str, types: str, *, separator: str = "-") -> tuple[str, ...]:
    """Return the labels of one type after the other, without "O"."""
    labels: list[str] = []
    for entity_type in types.split():
        labels += [f"{prefix}{separator}{entity_type}" for prefix in prefixes]
    return tuple(labels)


def _by_prefix(prefixes: str, types: str) -> tuple[str, ...]:
    """Return the labels of one prefix after the other, without "O"."""
    labels: list[str] = []
    for prefix in prefixes:
        labels += [f"{prefix}-{entity_type}" for entity_type in types.split()]
    return tuple(labels)


def _suffixed(types: str) -> tuple[str, ...]:
    labels: list[str] = []
    for entity_type in types.split():
        labels += [f"{entity_type}-B", f"{entity_type}-I"]
    return tuple(labels)


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ONTONOTES = (
    "CARDINAL DATE EVENT FAC GPE LANGUAGE LAW LOC MONEY NORP ORDINAL ORG PERCENT PERSON PRODUCT "
    "QUANTITY TIME WORK_OF_ART"
)
# The map of the data set, which the checkpoints are said to keep.
_TNER = _split(
    "O B-CARDINAL B-DATE I-DATE B-PERSON I-PERSON B-NORP B-GPE I-GPE B-LAW I-LAW B-ORG I-ORG "
    "B-PERCENT I-PERCENT B-ORDINAL B-MONEY I-MONEY B-WORK_OF_ART I-WORK_OF_ART B-FAC B-TIME "
    "I-CARDINAL B-LOC B-QUANTITY I-QUANTITY I-NORP I-LOC B-PRODUCT I-TIME B-EVENT I-EVENT I-FAC "
    "B-LANGUAGE I-PRODUCT I-ORDINAL I-LANGUAGE"
)
_TNER_CONLL = _split("O B-ORG B-MISC B-PER I-PER B-LOC I-ORG I-MISC I-LOC")
_CRF: dict[str, Any] = {
    "crf_state_dict": {
        "_constraint_mask": [[1.0, 0.0], [1.0, 1.0]],
        "transitions": [[0.25, -1.5], [0.5, 0.125]],
        "start_transitions": [0.5, -2.0],
        "end_transitions": [0.25, 0.75],
    }
}
_MISC_FIRST = _split("O B-MISC I-MISC B-PER I-PER B-ORG I-ORG B-LOC I-LOC")
_D4DATA_BEGIN = (
    "Activity Administration Age Area Biological_attribute Biological_structure Clinical_event "
    "Color Coreference Date Detailed_description Diagnostic_procedure Disease_disorder Distance "
    "Dosage Duration Family_history Frequency Height History Lab_value Mass Medication "
    "Non[biological](Detailed_description Nonbiological_location Occupation Other_entity "
    "Other_event Outcome Personal_[back](Biological_structure Personal_background "
    "Qualitative_concept Quantitative_concept Severity Sex Shape Sign_symptom Subject Texture "
    "Therapeutic_procedure Time Volume Weight"
)
_D4DATA_ONLY_BEGIN = {
    "Non[biological](Detailed_description",
    "Personal_[back](Biological_structure",
    "Sex",
}
_D4DATA_INSIDE = " ".join(t for t in _D4DATA_BEGIN.split() if t not in _D4DATA_ONLY_BEGIN)
_I2B2 = "AGE DATE EMAIL HOSP ID LOC OTHERPHI PATIENT PATORG PHONE STAFF"
_I2B2_LABELS = (*_by_prefix("BIL", _I2B2), "O", *_by_prefix("U", _I2B2))
_AI4PRIVACY = (
    "ACCOUNTNAME ACCOUNTNUMBER AGE AMOUNT BIC BITCOINADDRESS BUILDINGNUMBER CITY COMPANYNAME "
    "COUNTY CREDITCARDCVV CREDITCARDISSUER CREDITCARDNUMBER CURRENCY CURRENCYCODE CURRENCYNAME "
    "CURRENCYSYMBOL DATE DOB EMAIL ETHEREUMADDRESS EYECOLOR FIRSTNAME GENDER HEIGHT IBAN IP IPV4 "
    "IPV6 JOBAREA JOBTITLE JOBTYPE LASTNAME LITECOINADDRESS MAC MASKEDNUMBER MIDDLENAME "
    "NEARBYGPSCOORDINATE ORDINALDIRECTION PASSWORD PHONEIMEI PHONENUMBER PIN PREFIX "
    "SECONDARYADDRESS SEX SSN STATE STREET TIME URL USERAGENT USERNAME VEHICLEVIN VEHICLEVRM "
    "ZIPCODE"
)
_AI4PRIVACY_INSIDE = " ".join(
    t for t in _AI4PRIVACY.split() if t not in {"ORDINALDIRECTION", "SEX"}
)
_AI4PRIVACY_LABELS = (*_by_prefix("B", _AI4PRIVACY), *_by_prefix("I", _AI4PRIVACY_INSIDE), "O")
_DEBERTA_PII = (
    "FIRSTNAME FULLNAME NAME LASTNAME MIDDLENAME COMPANY_NAME PHONE_NUMBER EMAIL DATE TIME IPV4 "
    "IPV6 IP IBAN SSN CREDITCARDNUMBER CITY STATE COUNTY STREET STREETADDRESS SECONDARYADDRESS "
    "ZIPCODE BUILDINGNUMBER NEARBYGPSCOORDINATE BITCOINADDRESS ETHEREUMADDRESS LITECOINADDRESS URL"
)
_PII_MODEL = (
    "FIRSTNAME MIDDLENAME LASTNAME PREFIX COMPANYNAME BUILDINGNUMBER STREET SECONDARYADDRESS STATE "
    "CITY COUNTY ZIPCODE EMAIL PHONENUMBER CREDITCARDNUMBER CREDITCARDCVV CREDITCARDISSUER SSN "
    "IBAN URL DATE DOB"
)
_MULTILANG_PII = (
    "GIVENNAME SURNAME BUILDINGNUM CITY STREET ZIPCODE EMAIL TELEPHONENUM CREDITCARDNUMBER "
    "SOCIALNUM DATE TIME"
)
_PIIRANHA = (
    "ACCOUNTNUM BUILDINGNUM CITY CREDITCARDNUMBER DATEOFBIRTH DRIVERLICENSENUM EMAIL GIVENNAME "
    "IDCARDNUM PASSWORD SOCIALNUM STREET SURNAME TAXNUM TELEPHONENUM USERNAME ZIPCODE"
)
_PRIVACY_FILTER = (
    "account_number private_address private_date private_email private_person private_phone "
    "private_url secret"
)
_OPENMED_54 = (
    "ACCOUNTNAME AGE AMOUNT BANKACCOUNT BIC BITCOINADDRESS BUILDINGNUMBER CITY COUNTY CREDITCARD "
    "CREDITCARDISSUER CURRENCY CURRENCYCODE CURRENCYNAME CURRENCYSYMBOL CVV DATE DATEOFBIRTH EMAIL "
    "ETHEREUMADDRESS EYECOLOR FIRSTNAME GENDER GPSCOORDINATES HEIGHT IBAN IMEI IPADDRESS "
    "JOBDEPARTMENT JOBTITLE LASTNAME LITECOINADDRESS MACADDRESS MASKEDNUMBER MIDDLENAME OCCUPATION "
    "ORDINALDIRECTION ORGANIZATION PASSWORD PHONE PIN PREFIX SECONDARYADDRESS SEX SSN STATE STREET "
    "TIME URL USERAGENT USERNAME VIN VRM ZIPCODE"
)
_SNAKE_PII = (
    "first_name last_name company_name city coordinate country county postcode state "
    "street_address email phone_number fax_number credit_debit_card cvv ssn ipv4 ipv6 url date "
    "date_of_birth date_time time medical_record_number health_plan_beneficiary_number age gender"
)
_MEDICAL_NER = (
    "BIOLOGICAL_ATTRIBUTE BIOLOGICAL_STRUCTURE CLINICAL_EVENT DISEASE_DISORDER DOSAGE "
    "FAMILY_HISTORY LAB_VALUE MASS MEDICATION OUTCOME"
)
_CLUENER = "address book company game government movie name organization position scene"
_NAVER = "PER FLD AFW ORG LOC CVL DAT TIM NUM EVT ANM PLT MAT TRM"
_JAPANESE = "人名 法人名 政治的組織名 その他の組織名 地名 施設名 製品名 イベント名"
_THAI = "DATE LOCATION ORGANIZATION PERSON TIME"
_UPOS = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X"
_FRENCH_POS = (
    "ADJ ADJWH ADV ADVWH CC CLO CLR CLS CS DET DETWH ET I NC NPP P P+D PONCT PREF PRO PROREL PROWH "
    "U V VIMP VINF VPP VPR VS"
)
_TNER_SPACED = (
    "person",
    "group",
    "facility",
    "organization",
    "geopolitical area",
    "location",
    "product",
    "event",
    "work of art",
    "law",
    "language",
    "date",
    "time",
    "percent",
    "money",
    "quantity",
    "ordinal number",
    "cardinal number",
)
_SPACED_LABELS = ("O", *(f"{prefix}-{name}" for name in _TNER_SPACED for prefix in "BI"))

_PICKLE = "hf-ner encoder FOLDER --name"
_NO_TYPE = "is none that transformers"
_ONE_CHARACTER: dict[str, Any] = {"do_lower_case": False, "tokenize_chinese_chars": True}
_SENTENCES = 'trained on sentences: `context = "sentence"`'
_BARE = "bare types: neighbours of one type are one entity"
_OF_THE_DATA = "labels are said to keep the order of the data set"

_SIGMOID = (
    "a type of its own, without a tokenizer: one number a subword, to be read with a sigmoid; use "
    "`wtpsplit`"
)

_CKIP: dict[str, Any] = {"tokenizer_class": "BertTokenizerFast"}

TWINS: tuple[Twin, ...] = (
    Twin(
        "dslim/bert-base-NER",
        "bert",
        "cased",
        _MISC_FIRST,
        "published",
        vocabulary_only=True,
        config={"_num_labels": 9, "output_past": True},
        tokenizer_config={"strip_accents": None, "tokenize_chinese_chars": True, "max_len": 512},
        remark=_SENTENCES,
    ),
    Twin("dslim/bert-large-NER", "bert", "cased", CONLL_LABELS, "ours", vocabulary_only=True),
    Twin("dslim/distilbert-NER", "distilbert", "cased"),
    Twin(
        "dbmdz/bert-large-cased-finetuned-conll03-english",
        "bert",
        "cased",
        _MISC_FIRST,
        "published",
        vocabulary_only=True,
        config={"_num_labels": 9, "directionality": "bidi"},
        begins_inside=True,
        remark="entities begin with I- (IOB1), which the scheme `IOB` reads",
    ),
    Twin(
        "FacebookAI/xlm-roberta-large-finetuned-conll03-english",
        "xlm-roberta",
        "xlm-roberta",
        _split("B-LOC B-MISC B-ORG I-LOC I-MISC I-ORG I-PER O"),
        "published",
        begins_inside=True,
        remark='"O" is last and B-PER absent (IOB1), which the scheme `IOB` reads',
    ),
    Twin(
        "FacebookAI/xlm-roberta-large-finetuned-conll03-german",
        "xlm-roberta",
        "xlm-roberta",
        vocabulary_only=True,
    ),
    Twin(
        "FacebookAI/xlm-roberta-large-finetuned-conll02-dutch",
        "xlm-roberta",
        "xlm-roberta",
        vocabulary_only=True,
    ),
    Twin(
        "FacebookAI/xlm-roberta-large-finetuned-conll02-spanish",
        "xlm-roberta",
        "xlm-roberta",
        vocabulary_only=True,
    ),
    Twin("Jean-Baptiste/camembert-ner", "camembert", "camembert"),
    Twin("Jean-Baptiste/camembert-ner-with-dates", "camembert", "camembert"),
    Twin(
        "Jean-Baptiste/roberta-large-ner-english",
        "roberta",
        "roberta",
        _split("O PER ORG LOC MISC"),
        "ours",
        scheme="IO",
        vocabulary_only=True,
        remark=_BARE,
    ),
    Twin(
        "Davlan/xlm-roberta-base-ner-hrl",
        "xlm-roberta",
        "xlm-roberta",
        _split("O B-DATE I-DATE B-PER I-PER B-ORG I-ORG B-LOC I-LOC"),
        "published",
        types=_split("DATE PER ORG LOC"),
        remark="DATE was never trained",
    ),
    Twin(
        "Davlan/xlm-roberta-large-ner-hrl",
        "xlm-roberta",
        "xlm-roberta",
        ("O", *_by_type("BI", "PER ORG LOC")),
        "ours",
        types=_split("PER ORG LOC"),
        vocabulary_only=True,
    ),
    Twin("Davlan/bert-base-multilingual-cased-ner-hrl", "bert", "cased", vocabulary_only=True),
    Twin(
        "Davlan/distilbert-base-multilingual-cased-ner-hrl",
        "distilbert",
        "cased",
        vocabulary_only=True,
    ),
    Twin(
        "Davlan/xlm-roberta-base-wikiann-ner",
        "xlm-roberta",
        "xlm-roberta",
        ("O", *_by_type("BI", "PER ORG LOC DATE")),
        "ours",
        types=_split("PER ORG LOC DATE"),
    ),
    Twin("Babelscape/wikineural-multilingual-ner", "bert", "cased", remark=_SENTENCES),
    Twin(
        "julian-schelb/roberta-ner-multilingual",
        "xlm-roberta",
        "xlm-roberta",
        remark="its family is told by its name alone",
    ),
    Twin(
        "jplu/tf-xlm-r-ner-40-lang",
        "xlm-roberta",
        "xlm-roberta",
        _split("LOC ORG PER O"),
        "ours",
        scheme="IO",
        types=_split("LOC ORG PER"),
        weights="tensorflow",
        refusal="is for TensorFlow",
        remark="TensorFlow alone; `nbroad/jplu-xlm-r-ner-40-lang` is its copy for PyTorch",
    ),
    Twin(
        "nbroad/jplu-xlm-r-ner-40-lang",
        "xlm-roberta",
        "xlm-roberta",
        _split("LOC ORG PER O"),
        scheme="IO",
        types=_split("LOC ORG PER"),
        remark=_BARE,
    ),
    Twin(
        "elastic/distilbert-base-uncased-finetuned-conll03-english",
        "distilbert",
        "uncased",
        ("O", *_by_type("BI", "PER ORG LOC MISC", separator="_")),
        "ours",
    ),
    Twin(
        "tner/roberta-large-ontonotes5",
        "roberta",
        "roberta",
        _TNER,
        "ours",
        types=_split(_ONTONOTES),
        config=_CRF,
        remark=f"CRF weights in config.json are not used; {_OF_THE_DATA}; {_SENTENCES}",
    ),
    Twin(
        "tner/deberta-v3-large-ontonotes5",
        "deberta-v2",
        "deberta-v2",
        _TNER,
        "ours",
        types=_split(_ONTONOTES),
        config=_CRF,
        remark=f"CRF weights in config.json are not used; {_OF_THE_DATA}; {_SENTENCES}",
    ),
    Twin(
        "tner/deberta-v3-large-conll2003",
        "deberta-v2",
        "deberta-v2",
        _TNER_CONLL,
        config=_CRF,
        remark=f"CRF weights in config.json are not used; {_SENTENCES}",
    ),
    Twin(
        "asahi417/tner-xlm-roberta-base-ontonotes5",
        "xlm-roberta",
        "xlm-roberta",
        _SPACED_LABELS,
        "ours",
        types=_TNER_SPACED,
        remark="types have spaces: `geopolitical area`",
    ),
    Twin(
        "learnrr/roberta-large-ontonotes5-ner",
        "roberta",
        "roberta",
        ("O", *_by_type("BI", _ONTONOTES)),
        "ours",
        types=_split(_ONTONOTES),
    ),
    Twin(
        "learnrr/bert-base-ontonotes5-ner",
        "bert",
        "cased",
        ("O", *_by_type("BI", _ONTONOTES)),
        "ours",
        types=_split(_ONTONOTES),
    ),
    Twin(
        "learnrr/bert-large-ontonotes5-ner",
        "bert",
        "cased",
        ("O", *_by_type("BI", _ONTONOTES)),
        "ours",
        types=_split(_ONTONOTES),
    ),
    Twin(
        "nickprock/bert-finetuned-ner-ontonotes",
        "bert",
        "cased",
        ("O", *_by_type("BI", _ONTONOTES)),
        "ours",
        types=_split(_ONTONOTES),
    ),
    Twin(
        "d4data/biomedical-ner-all",
        "distilbert",
        "uncased",
        ("O", *_by_prefix("B", _D4DATA_BEGIN), *_by_prefix("I", _D4DATA_INSIDE)),
        "published",
        types=_split(_D4DATA_BEGIN),
        weights="pickle",
        refusal=_PICKLE,
        remark="names of types have brackets, and three have no I-",
    ),
    Twin(
        "blaze999/Medical-NER",
        "deberta-v2",
        "deberta-v2",
        ("O", *_by_type("BI", _MEDICAL_NER)),
        "ours",
        types=_split(_MEDICAL_NER),
    ),
    Twin(
        "StanfordAIMI/stanford-deidentifier-base",
        "bert",
        "uncased",
        _split("O VENDOR DATE HCW HOSPITAL ID PATIENT PHONE"),
        "ours",
        scheme="IO",
        types=_split("VENDOR DATE HCW HOSPITAL ID PATIENT PHONE"),
        remark=_BARE,
    ),
    Twin(
        "obi/deid_roberta_i2b2",
        "roberta",
        "roberta",
        _I2B2_LABELS,
        "published",
        scheme="BILOU",
        types=_split(_I2B2),
        tokenizer_config={"add_prefix_space": True},
        remark=_SENTENCES,
    ),
    Twin(
        "obi/deid_bert_i2b2",
        "bert",
        "cased",
        _I2B2_LABELS,
        "published",
        scheme="BILOU",
        types=_split(_I2B2),
        remark=_SENTENCES,
    ),
    Twin(
        "iiiorg/piiranha-v1-detect-personal-information",
        "deberta-v2",
        "deberta-v2",
        (*_by_prefix("I", _PIIRANHA), "O"),
        "published",
        scheme="IO",
        types=_split(_PIIRANHA),
        remark=f"I- labels only, as {_BARE}",
    ),
    Twin(
        "lakshyakh93/deberta_finetuned_pii",
        "deberta",
        "deberta",
        (*_by_prefix("B", _DEBERTA_PII), "O", *_by_prefix("I", _DEBERTA_PII)),
        "ours",
        types=_split(_DEBERTA_PII),
        remark='"O" stands among the others',
    ),
    Twin(
        "Isotonic/distilbert_finetuned_ai4privacy_v2",
        "distilbert",
        "uncased",
        _AI4PRIVACY_LABELS,
        "ours",
        types=_split(_AI4PRIVACY),
    ),
    Twin(
        "Isotonic/deberta-v3-base_finetuned_ai4privacy_v2",
        "deberta-v2",
        "deberta-v2",
        _AI4PRIVACY_LABELS,
        "ours",
        types=_split(_AI4PRIVACY),
    ),
    Twin(
        "Isotonic/mdeberta-v3-base_finetuned_ai4privacy_v2",
        "deberta-v2",
        "deberta-v2",
        _AI4PRIVACY_LABELS,
        "ours",
        types=_split(_AI4PRIVACY),
    ),
    Twin(
        "ab-ai/pii_model",
        "bert",
        "cased",
        ("O", *_by_type("BI", _PII_MODEL)),
        "ours",
        types=_split(_PII_MODEL),
        remark="gated: accept its terms on the hub, and log in",
    ),
    Twin(
        "Ar86Bat/multilang-pii-ner",
        "xlm-roberta",
        "xlm-roberta",
        ("O", *_by_type("BI", _MULTILANG_PII)),
        "ours",
        types=_split(_MULTILANG_PII),
    ),
    Twin(
        "openai/privacy-filter",
        "openai_privacy_filter",
        "o200k",
        ("O", *_by_type("BIES", _PRIVACY_FILTER)),
        "published",
        scheme="IOBES",
        types=_split(_PRIVACY_FILTER),
        config={"sliding_window": 128, "num_experts_per_tok": 4, "default_n_ctx": 128000},
        since="5.6",
    ),
    Twin(
        "OpenMed/privacy-filter-multilingual",
        "openai_privacy_filter",
        "o200k",
        ("O", *_by_type("BIES", _OPENMED_54)),
        "published",
        scheme="IOBES",
        types=_split(_OPENMED_54),
        config={
            "sliding_window": 128,
            "num_experts_per_tok": 4,
            "transformers.js_config": {"dtype": "q4"},
            "opf_metadata": {"encoding": "o200k_base", "ner_class_names": ["O", "B-ACCOUNTNAME"]},
        },
        tokenizer_config={"tokenizer_class": "TokenizersBackend", "backend": "tokenizers"},
        since="5.6",
        remark="labels stand in config.json twice; `id2label` counts",
    ),
    Twin(
        "OpenMed/privacy-filter-nemotron-v2",
        "openai_privacy_filter",
        "o200k",
        ("O", *_by_type("BIES", _PRIVACY_FILTER)),
        "unknown",
        scheme="IOBES",
        types=_split(_PRIVACY_FILTER),
        since="5.6",
        remark="may lack tokenizer.json: take that of `openai/privacy-filter`",
    ),
    Twin(
        "OpenMed/OpenMed-PII-SuperClinical-Small-44M-v1",
        "deberta-v2",
        "deberta-v2",
        ("O", *_by_type("BI", _SNAKE_PII)),
        "ours",
        types=_split(_SNAKE_PII),
    ),
    Twin(
        "OpenMed/OpenMed-PII-SuperClinical-Large-434M-v1",
        "deberta-v2",
        "deberta-v2",
        ("O", *_by_type("BI", _SNAKE_PII)),
        "ours",
        types=_split(_SNAKE_PII),
    ),
    Twin(
        "OpenMed/OpenMed-PII-BigMed-Large-560M-v1",
        "xlm-roberta",
        "xlm-roberta",
        ("O", *_by_type("BI", _SNAKE_PII)),
        "ours",
        types=_split(_SNAKE_PII),
    ),
    Twin(
        "OpenMed/OpenMed-NER-DiseaseDetect-SuperClinical-434M",
        "deberta-v2",
        "deberta-v2",
        ("O", *_by_type("BI", "DISEASE")),
        types=("DISEASE",),
    ),
    Twin(
        "ckiplab/bert-base-chinese-ner",
        "bert",
        "characters",
        ("O", *_by_prefix("BIES", _ONTONOTES)),
        "published",
        scheme="IOBES",
        types=_split(_ONTONOTES),
        vocabulary_only=True,
        weights="pickle",
        config=_CKIP,
        refusal=_PICKLE,
        remark=_SENTENCES,
    ),
    Twin(
        "ckiplab/bert-base-chinese-pos",
        "bert",
        "characters",
        _split("A Caa Cab D DE Na Nb Nc Nd VA VC SHI"),
        scheme="IO",
        types=_split("A Caa Cab D DE Na Nb Nc Nd VA VC SHI"),
        outside=None,
        vocabulary_only=True,
        config=_CKIP,
        remark='no "O": each token is part of an entity',
    ),
    Twin(
        "ckiplab/bert-base-chinese-ws",
        "bert",
        "characters",
        ("B", "I"),
        types=("WORD",),
        outside=None,
        vocabulary_only=True,
        config=_CKIP,
        refusal="prefixes without an entity type",
        given=("B-WORD", "I-WORD"),
    ),
    Twin(
        "ckiplab/albert-tiny-chinese-ner",
        "albert",
        "characters",
        ("O", *_by_prefix("BIES", _ONTONOTES)),
        scheme="IOBES",
        types=_split(_ONTONOTES),
        vocabulary_only=True,
        config=_CKIP,
        remark=f"the tokenizer is BERT's, as config.json says; {_SENTENCES}",
    ),
    Twin(
        "ckiplab/albert-base-chinese-ws",
        "albert",
        "characters",
        ("B", "I"),
        types=("WORD",),
        outside=None,
        vocabulary_only=True,
        config=_CKIP,
        refusal="prefixes without an entity type",
        given=("B-WORD", "I-WORD"),
        remark="the tokenizer is BERT's, as config.json says",
    ),
    Twin(
        "uer/roberta-base-finetuned-cluener2020-chinese",
        "bert",
        "characters",
        ("O", *_by_type("BI", _CLUENER)),
        "ours",
        types=_split(_CLUENER),
        vocabulary_only=True,
        weights="pickle",
        tokenizer_config=_ONE_CHARACTER,
        refusal=_PICKLE,
    ),
    Twin(
        "shibing624/bert4ner-base-chinese",
        "bert",
        "characters",
        _split("I-ORG B-LOC O B-ORG I-LOC I-PER B-TIME I-TIME B-PER"),
        "published",
        types=_split("ORG LOC PER TIME"),
        tokenizer_config=_ONE_CHARACTER,
    ),
    Twin(
        "tsmatz/xlm-roberta-ner-japanese",
        "xlm-roberta",
        "xlm-roberta",
        _split("O PER ORG ORG-P ORG-O LOC INS PRD EVT"),
        "ours",
        scheme="IO",
        types=_split("PER ORG ORG-P ORG-O LOC INS PRD EVT"),
        remark=f"{_BARE}; `ORG-P` and `ORG-O` are types",
    ),
    Twin(
        "jurabi/bert-ner-japanese",
        "bert",
        "mecab",
        ("O", *_by_type("BI", _JAPANESE)),
        "published",
        types=_split(_JAPANESE),
        vocabulary_only=True,
        refusal="fugashi",
        remark="loads where `fugashi` and a dictionary are installed",
    ),
    Twin(
        "llm-book/bert-base-japanese-v3-ner-wikipedia-dataset",
        "bert",
        "mecab",
        ("O", *_by_type("BI", "人名")),
        "ours",
        types=("人名",),
        vocabulary_only=True,
        refusal="fugashi",
        remark="loads where `fugashi` and a dictionary are installed",
    ),
    Twin(
        "KoichiYasuoka/bert-base-japanese-upos",
        "bert",
        "characters",
        (*_UPOS.split(), *_by_type("BI", _UPOS)),
        "unknown",
        types=_split(_UPOS),
        outside=None,
        more_files={"supar.model": "a parser"},
        remark="bare tags are words of one token",
    ),
    Twin(
        "KoichiYasuoka/bert-base-japanese-luw-upos",
        "bert",
        "characters",
        (*_UPOS.split(), *_by_type("BI", _UPOS)),
        types=_split(_UPOS),
        outside=None,
        remark="bare tags are words of one token",
    ),
    Twin(
        "KoichiYasuoka/gpt2-small-serbian-upos",
        "gpt2",
        "gpt2",
        (*_UPOS.split(), *_by_type("BI", _UPOS)),
        types=_split(_UPOS),
        outside=None,
        remark="bare tags are words of one token; a subword has not seen what follows",
    ),
    Twin(
        "monologg/koelectra-base-v3-naver-ner",
        "electra",
        "cased",
        ("O", *_suffixed(_NAVER)),
        "published",
        types=_split(_NAVER),
        vocabulary_only=True,
        remark=f"prefixes stand behind (`PER-B`); {_SENTENCES}",
    ),
    Twin(
        "monologg/koelectra-small-finetuned-naver-ner",
        "electra",
        "cased",
        ("O", *_suffixed(_NAVER)),
        "published",
        types=_split(_NAVER),
        vocabulary_only=True,
        remark=f"prefixes stand behind (`PER-B`); {_SENTENCES}",
    ),
    Twin(
        "airesearch/wangchanberta-base-att-spm-uncased",
        "camembert",
        "camembert",
        ("O", *_by_type("BI", _THAI, separator="_")),
        "unknown",
        types=_split(_THAI),
        vocabulary_only=True,
        tokenizer_config={"additional_special_tokens": ["<s>NOTUSED", "</s>NOTUSED", "<_>"]},
        remark=(
            '`revision = "finetuned@thainer-ner"`; it was trained with `<_>` in place of spaces, '
            "which it does not see here"
        ),
    ),
    Twin(
        "pythainlp/thainer-corpus-v2-base-model",
        "camembert",
        "camembert",
        ("O", *_by_type("BI", _THAI)),
        types=_split(_THAI),
        remark="trained with `<_>` in place of spaces, which it does not see here",
    ),
    Twin("vinai/phobert-base", "roberta", "phobert", (), vocabulary_only=True),
    Twin(
        "TweebankNLP/bertweet-tb2_wnut17-ner",
        "roberta",
        "bertweet",
        vocabulary_only=True,
        config={"max_position_embeddings": 130},
        remark="reads 128 subwords at a time, so windows are shorter than the default",
    ),
    Twin(
        "KB/bert-base-swedish-cased-ner",
        "bert",
        "cased",
        _split("O PER ORG LOC TME MSR WRK EVN OBJ"),
        "ours",
        scheme="IO",
        types=_split("PER ORG LOC TME MSR WRK EVN OBJ"),
        remark=_BARE,
    ),
    Twin(
        "wietsedv/bert-base-dutch-cased-finetuned-conll2002-ner",
        "bert",
        "cased",
        ("O", *_by_type("BI", "loc misc org per")),
        "ours",
        types=_split("loc misc org per"),
        more_files={"modelcard.json": "{}"},
    ),
    Twin(
        "mrm8488/bert-spanish-cased-finetuned-ner",
        "bert",
        "cased",
        _split("B-LOC B-MISC B-ORG B-PER I-LOC I-MISC I-ORG I-PER O"),
        "ours",
    ),
    Twin(
        "mrm8488/mobilebert-finetuned-pos",
        "mobilebert",
        "uncased",
        _split(_UPOS),
        scheme="IO",
        types=_split(_UPOS),
        outside=None,
        vocabulary_only=True,
        tokenizer_config={"strip_accents": True},
        remark='no "O": each token is part of an entity',
    ),
    Twin("savasy/bert-base-turkish-ner-cased", "bert", "cased", remark=_SENTENCES),
    Twin(
        "PlanTL-GOB-ES/roberta-base-bne-capitel-ner",
        "roberta",
        "roberta",
        _split(
            "B-OTH I-OTH E-OTH S-ORG S-OTH B-PER E-PER B-ORG E-ORG S-LOC S-PER B-LOC E-LOC I-PER "
            "I-ORG I-LOC O"
        ),
        "ours",
        scheme="IOBES",
        types=_split("OTH ORG PER LOC"),
    ),
    Twin(
        "gilf/french-camembert-postag-model",
        "camembert",
        "camembert",
        _split(_FRENCH_POS),
        "ours",
        scheme="IO",
        types=_split(_FRENCH_POS),
        outside=None,
        remark='no "O": each token is part of an entity; `I` and `U` are types',
    ),
    Twin(
        "vblagoje/bert-english-uncased-finetuned-pos",
        "bert",
        "uncased",
        _split(_UPOS),
        scheme="IO",
        types=_split(_UPOS),
        outside=None,
        remark='no "O": each token is part of an entity',
    ),
    Twin(
        "QCRI/bert-base-multilingual-cased-pos-english",
        "bert",
        "cased",
        _split(_UPOS),
        scheme="IO",
        types=_split(_UPOS),
        outside=None,
        remark='no "O": each token is part of an entity',
    ),
    Twin("CAMeL-Lab/bert-base-arabic-camelbert-msa-ner", "bert", "cased"),
    Twin(
        "pucpr/clinicalnerpt-medical",
        "bert",
        "cased",
        _split("LABEL_0 LABEL_1 LABEL_2"),
        types=("Medical",),
        more_files={"idx2tag.json": '{"0": "O", "1": "B-Medical", "2": "I-Medical"}'},
        refusal="names its 3 labels LABEL_0",
        given=_split("O B-Medical I-Medical"),
        remark="its labels stand in idx2tag.json",
    ),
    Twin(
        "alvaroalon2/biobert_diseases_ner",
        "bert",
        "cased",
        ("O", *_by_type("BI", "DISEASE")),
        "ours",
        types=("DISEASE",),
    ),
    Twin(
        "alvaroalon2/biobert_chemical_ner",
        "bert",
        "cased",
        ("O", *_by_type("BI", "CHEMICAL")),
        "ours",
        types=("CHEMICAL",),
    ),
    Twin(
        "alvaroalon2/biobert_genetic_ner",
        "bert",
        "cased",
        ("O", *_by_type("BI", "GENETIC")),
        "ours",
        types=("GENETIC",),
    ),
    Twin(
        "oliverguhr/fullstop-punctuation-multilang-large",
        "xlm-roberta",
        "xlm-roberta",
        _split("0 . , ? - :"),
        "published",
        scheme="IO",
        types=_split(". , ? - :"),
        outside="0",
        vocabulary_only=True,
        weights="pickle",
        tokenizer_config={"strip_accent": False, "add_prefix_space": True},
        more_files={"training_args.bin": "another pickle"},
        refusal=_PICKLE,
        remark='a mark belongs behind the word: `aggregation = "last"`',
    ),
    Twin(
        "felflare/bert-restore-punctuation",
        "bert",
        "uncased",
        _split("OU OO .O !O ,O .U !U ,U :O ;O :U 'O -O ?O ?U"),
        "ours",
        scheme="IO",
        types=_split("OU OO .O !O ,O .U !U ,U :O ;O :U 'O -O ?O ?U"),
        outside=None,
        remark="each token is part of an entity; `OO` is a type",
    ),
    Twin(
        "segment-any-text/sat-3l-sm",
        "xlm-token",
        "none",
        ("LABEL_0",),
        refusal=_NO_TYPE,
        remark=_SIGMOID,
    ),
    Twin(
        "segment-any-text/sat-12l-sm",
        "xlm-token",
        "none",
        ("LABEL_0",),
        refusal=_NO_TYPE,
        remark=_SIGMOID,
    ),
    Twin(
        "microsoft/llmlingua-2-xlm-roberta-large-meetingbank",
        "xlm-roberta",
        "xlm-roberta",
        _split("LABEL_0 LABEL_1"),
        scheme="IO",
        types=("KEEP",),
        refusal="names its 2 labels LABEL_0",
        given=("O", "KEEP"),
    ),
    Twin(
        "tomaarsen/span-marker-*",
        "span-marker",
        "roberta",
        _split("LABEL_0 LABEL_1"),
        config={"encoder": {"model_type": "roberta"}, "marker_max_length": 128},
        refusal=_NO_TYPE,
        remark="a type of its own: it labels pairs of markers, not subwords: use `span_marker`",
    ),
    Twin("microsoft/deberta-v3-base", "deberta-v2", "deberta-v2", (), vocabulary_only=True),
    Twin("microsoft/mdeberta-v3-base", "deberta-v2", "deberta-v2", (), vocabulary_only=True),
    Twin("answerdotai/ModernBERT-base", "modernbert", "modernbert", ()),
    Twin(
        "jhu-clsp/mmBERT-base",
        "modernbert",
        "modernbert",
        (),
        weights="pickle",
        refusal=_PICKLE,
    ),
    Twin("EuroBERT/EuroBERT-*", "eurobert", "llama-3", (), since="5"),
    Twin("FacebookAI/xlm-roberta-base", "xlm-roberta", "xlm-roberta", ()),
    Twin("FacebookAI/roberta-large", "roberta", "roberta", ()),
)
