"""A folder's tokenizer is read as transformers reads it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import Doc
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.reading.tokenizer_files import is_tokenizer_file, load_tokenizer
from tests.families.networks import find_tokenizer_class, make_family
from tests.families.vocabularies import VOCABULARIES

MakeDocs = Callable[[Sequence[str]], list[Doc]]
load_own: Any = AutoTokenizer.from_pretrained  # untyped in transformers 4
TEXT = "Angela MERKEL met Tim in San José, 東京, <new> and <ent>."


def test_a_vocabulary_without_tokenizer_json_becomes_a_fast_tokenizer(
    tmp_path: Path, make_docs: MakeDocs
) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "berlin", "tim", "cook", "##s"]
    (tmp_path / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf8")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}), encoding="utf8")
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer"}), encoding="utf8"
    )
    tokenizer, files = load_tokenizer(tmp_path, "tiny")
    (encoding,) = tokenizer.encode(make_docs(["Tim Cooks"]))
    assert encoding.ids.tolist() == [6, 7, 8]
    assert encoding.end_char.tolist() == [3, 8, 9]
    assert set(files) == {"vocab.txt", "tokenizer.json", "tokenizer_config.json"}
    assert Tokenizer.from_str(files["tokenizer.json"].decode("utf8")).token_to_id("berlin") == 5


@pytest.mark.parametrize("settings", [None, {"tokenizer_class": "BertTokenizer"}])
def test_a_folder_without_a_vocabulary_says_what_is_missing(
    tmp_path: Path, settings: dict[str, str] | None
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}), encoding="utf8")
    if settings:
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf8")
    with pytest.raises(CheckpointError, match=r"tiny: (.|\n)*xpected tokenizer\.json"):
        load_tokenizer(tmp_path, "tiny")


@pytest.mark.parametrize(
    "settings",
    [
        {"do_lower_case": False},
        {"do_lower_case": False, "strip_accents": True},
        {"do_lower_case": True, "strip_accents": False},
        {"tokenize_chinese_chars": False},
        {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": False},
        {"added_tokens_decoder": {"600": {"content": "<new>", "special": False}}},
    ],
)
def test_tokenizer_config_has_the_last_word(
    settings: dict[str, Any], tmp_path: Path, make_docs: MakeDocs
) -> None:
    folder = _make_folder_with("bert", settings, tmp_path)
    tokenizer, files = load_tokenizer(folder, "tiny")
    own = load_own(folder)
    (encoding,) = tokenizer.encode(make_docs([TEXT]))
    assert encoding.ids.tolist() == own(TEXT, add_special_tokens=False)["input_ids"]
    # What is saved is read in the same way by whoever looks at tokenizer.json alone.
    alone = Tokenizer.from_str(files["tokenizer.json"].decode("utf8"))
    assert alone.encode(TEXT, add_special_tokens=False).ids == encoding.ids.tolist()


@pytest.mark.parametrize("add_prefix_space", [True, False])
def test_the_space_before_a_text_is_what_tokenizer_config_says(
    *, add_prefix_space: bool, tmp_path: Path, make_docs: MakeDocs
) -> None:
    folder = _make_folder_with("roberta", {"add_prefix_space": add_prefix_space}, tmp_path)
    (encoding,) = load_tokenizer(folder, "tiny")[0].encode(make_docs([TEXT]))
    own = load_own(folder)
    assert encoding.ids.tolist() == own(TEXT, add_special_tokens=False)["input_ids"]
    (short,) = load_tokenizer(folder, "tiny")[0].encode(make_docs(["A"]))
    assert (short.start_char.tolist(), short.end_char.tolist()) == ([0], [1])


@pytest.mark.parametrize("setting", ["add_bos_token", "add_eos_token"])
@pytest.mark.parametrize("value", [True, False])
def test_the_special_tokens_of_a_text_are_those_that_tokenizer_config_asks_for(
    setting: str, *, value: bool, tmp_path: Path, make_docs: MakeDocs
) -> None:
    folder = _make_folder_with("llama", {setting: value}, tmp_path)
    tokenizer, files = load_tokenizer(folder, "tiny")
    (encoding,) = tokenizer.encode(make_docs([TEXT]))
    template = tokenizer.template
    whole = [*template.prefix, *encoding.ids.tolist(), *template.suffix]
    assert whole == load_own(folder)(TEXT)["input_ids"]
    alone = Tokenizer.from_str(files["tokenizer.json"].decode("utf8"))
    assert alone.encode(TEXT).ids == whole


@pytest.mark.parametrize(
    ("family", "like", "reads"),
    [
        ("albert", "bert", r"AlbertTokenizer.* reads spiece\.model"),
        ("roberta", "bert", r"RobertaTokenizer.* reads vocab\.json and merges\.txt"),
        ("bert", "xlm-roberta", r"BertTokenizer.* reads vocab\.txt"),
    ],
)
def test_a_vocabulary_of_another_class_is_refused_unless_that_class_is_named(
    family: str, like: str, reads: str, tmp_path: Path, make_docs: MakeDocs
) -> None:
    folder = make_family(like, tmp_path)
    (folder / "tokenizer.json").unlink()
    VOCABULARIES[find_tokenizer_class(like)](folder)
    settings = folder / "tokenizer_config.json"
    named = json.loads(settings.read_text(encoding="utf8"))["tokenizer_class"]
    settings.write_text("{}", encoding="utf8")
    config = folder / "config.json"
    config.write_text(json.dumps({"model_type": family}), encoding="utf8")
    with pytest.raises(CheckpointError, match=f"{reads}, .* name that in tokenizer_config"):
        load_tokenizer(folder, "tiny")
    settings.write_text(json.dumps({"tokenizer_class": named}), encoding="utf8")
    (encoding,) = load_tokenizer(folder, "tiny")[0].encode(make_docs(["in Berlin"]))
    assert len(set(encoding.ids.tolist())) > 1


def test_special_tokens_that_version_5_forgets_of_a_vocabulary_are_there(tmp_path: Path) -> None:
    folder = make_family("rembert", tmp_path)
    (folder / "tokenizer.json").unlink()
    tokenizer, files = load_tokenizer(folder, "tiny")
    assert (len(tokenizer.template.prefix), len(tokenizer.template.suffix)) == (1, 1)
    alone = Tokenizer.from_str(files["tokenizer.json"].decode("utf8"))
    assert len(alone.encode("").ids) == 2


def test_a_tokenizer_json_that_nothing_contradicts_stays_as_it_is(tmp_path: Path) -> None:
    folder = make_family("bert", tmp_path)
    _, files = load_tokenizer(folder, "tiny")
    assert files["tokenizer.json"] == (folder / "tokenizer.json").read_bytes()


@pytest.mark.parametrize(
    ("family", "names"),
    [
        ("deberta-v2", {"spm.model"}),
        ("luke", {"entity_vocab.json"}),
        ("roc_bert", {"word_shape.json", "word_pronunciation.json", "vocab.txt"}),
    ],
)
def test_the_files_of_a_tokenizer_are_those_that_its_class_names(
    family: str, names: set[str], tmp_path: Path
) -> None:
    folder = make_family(family, tmp_path)
    _, files = load_tokenizer(folder, "tiny")
    assert names <= files.keys()
    assert "config.json" not in files
    assert not is_tokenizer_file(folder / "model.safetensors")


def _make_folder_with(family: str, settings: dict[str, Any], folder: Path) -> Path:
    """Return a folder in whose tokenizer_config.json something stands besides."""
    make_family(family, folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf8"))
    path.write_text(json.dumps({**config, **settings}), encoding="utf8")
    return folder
