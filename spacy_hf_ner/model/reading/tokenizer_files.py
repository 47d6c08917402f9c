"""A checkpoint folder to its tokenizer and the tokenizer's files, as transformers reads them.

``tokenizer.json`` is the tokenizer, and ``tokenizer_config.json`` has the last word on parts of it.
Where there is no ``tokenizer.json``, transformers makes one from the vocabulary, or has a tokenizer
written in Python.
"""

import inspect
import json
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.files import list_files
from spacy_hf_ner.model.foreign import read_bytes, reading
from spacy_hf_ner.model.network import explain_code, quiet_transformers
from spacy_hf_ner.model.reading.encoding import FastTokenizer, SubwordTokenizer
from spacy_hf_ner.model.reading.python_tokenizer import PythonTokenizer

__all__ = ["is_tokenizer_file", "list_tokenizer_files", "load_tokenizer"]

_TOKENIZER_JSON = "tokenizer.json"
_CONFIG = "tokenizer_config.json"
_SETTINGS = {_CONFIG, "special_tokens_map.json", "added_tokens.json"}

# The names that vocabularies have in most classes; a class of its own names its own, too.
_STEMS = (
    "tokenizer",
    "vocab",
    "merges",
    "special_tokens_map",
    "added_tokens",
    "spiece",
    "sentencepiece",
    "bpe",
)
_SUFFIXES = {".json", ".txt", ".model", ".codes"}

# What BERT's normalizer calls the settings of tokenizer_config.json.
_NORMALIZER_SETTINGS = {
    "do_lower_case": "lowercase",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "handle_chinese_chars",
}


# Which of the special tokens are put around a text.
_TEMPLATE_SETTINGS = frozenset({"add_bos_token", "add_eos_token"})


def load_tokenizer(
    folder: Path, name: str, *, check_sizes: bool = True
) -> tuple[SubwordTokenizer, dict[str, bytes]]:
    """Return the tokenizer of a checkpoint folder and its files, by name.

    Args:
        folder: The folder.
        name: What to call the checkpoint in messages.
        check_sizes: Refuse files that are larger than any honest ones.

    Raises:
        CheckpointError: The folder has no tokenizer that can be read.
    """
    files: dict[str, bytes] = {}
    for path in list_tokenizer_files(folder):
        files[path.name] = read_bytes(path, name, check_sizes=check_sizes)
    if _TOKENIZER_JSON in files:
        with reading(f"{_TOKENIZER_JSON} or {_CONFIG}", name):
            obeyed = _obey_config(files, folder)
            if obeyed is not None:
                files[_TOKENIZER_JSON] = obeyed
            return FastTokenizer(files[_TOKENIZER_JSON].decode("utf8")), files
    _check_vocabulary(folder, files, name)
    own = _load_own_tokenizer(folder, files, name)
    if own.is_fast and _lacks_special_tokens(own):
        own = _load_what_it_saves(own, files, name)
    if not own.is_fast:
        return PythonTokenizer(own), files
    # transformers 5 makes a tokenizer even where there is no vocabulary.
    if files.keys() <= _SETTINGS:
        raise CheckpointError(
            f"{name}: expected tokenizer.json or vocabulary files of a tokenizer, "
            f"found {sorted(files) or 'none'}."
        )
    tokenizer_json: str = own.backend_tokenizer.to_str()
    files[_TOKENIZER_JSON] = tokenizer_json.encode("utf8")
    return FastTokenizer(tokenizer_json), files


def list_tokenizer_files(folder: Path) -> list[Path]:
    """Return the files of a folder that belong to its tokenizer, by name."""
    own_names = _name_own_files(folder)
    files: list[Path] = []
    for path in list_files(folder):
        if _has_common_name(path) or path.name in own_names:
            files.append(path)
    return files


def is_tokenizer_file(path: Path) -> bool:
    """Tell from its name whether a file belongs to the tokenizer of its folder."""
    return _has_common_name(path) or path.name in _name_own_files(path.parent)


def _has_common_name(path: Path) -> bool:
    return path.suffix in _SUFFIXES and path.stem.startswith(_STEMS)


def _check_vocabulary(folder: Path, files: Mapping[str, bytes], name: str) -> None:
    """Check that a folder without tokenizer.json has the vocabulary that its class reads.

    Where it has that of another class, version 5 of transformers makes a tokenizer that knows no
    word.

    Raises:
        CheckpointError: It has not.
    """
    tokenizer_class = _find_class(_find_class_name(folder))
    names: dict[str, str] = dict(getattr(tokenizer_class, "vocab_files_names", None) or {})
    names.pop("tokenizer_file", None)
    others = sorted(files.keys() - _SETTINGS)
    lacks_merges = names.get("merges_file", "") not in {"", *files}
    if not tokenizer_class or not names or not others:
        return
    if lacks_merges or files.keys().isdisjoint(names.values()):
        raise CheckpointError(
            f"{name}: {tokenizer_class.__name__} reads {' and '.join(names.values())}, and the "
            f"folder has {', '.join(others)}. If its tokenizer is of another class, name that in "
            'tokenizer_config.json, e.g. "tokenizer_class": "BertTokenizer" for the vocab.txt of '
            "BERT; else add what is missing."
        )


def _load_own_tokenizer(folder: Path, files: Mapping[str, bytes], name: str) -> Any:  # noqa: ANN401 - classes vary with the version
    from transformers import AutoTokenizer

    try:
        with quiet_transformers():
            make: Any = AutoTokenizer.from_pretrained  # untyped in transformers 4
            return make(str(folder), trust_remote_code=False, local_files_only=True)
    except Exception as error:  # converters fail with whatever the missing library raises
        code = explain_code(error)
        if code is not None:
            raise CheckpointError(f"{name}: {code}") from error
        raise CheckpointError(
            f"{name}: no tokenizer can be made from the files {sorted(files) or 'found (none)'}: "
            f"{error} Expected tokenizer.json, or the vocabulary files of a tokenizer that "
            "transformers knows."
        ) from error


def _lacks_special_tokens(tokenizer: Any) -> bool:  # noqa: ANN401 - classes vary with the version
    """Tell whether a tokenizer has names for special tokens and puts none around a text."""
    is_bare = tokenizer.num_special_tokens_to_add() == 0
    return is_bare and tokenizer.cls_token is not None and tokenizer.sep_token is not None


def _load_what_it_saves(tokenizer: Any, files: Mapping[str, bytes], name: str) -> Any:  # noqa: ANN401 - classes vary with the version
    """Return what transformers reads of a tokenizer that it has made and saved.

    Version 5 makes that of RemBERT without special tokens, and with them once it is saved.
    """
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        return _load_own_tokenizer(Path(folder), files, name)


def _name_own_files(folder: Path) -> frozenset[str]:
    """Return the names that the class of a folder's tokenizer has for the files of vocabularies."""
    tokenizer_class = _find_class(_find_class_name(folder))
    names: dict[str, str] = getattr(tokenizer_class, "vocab_files_names", None) or {}
    return frozenset(names.values())


def _find_class_name(folder: Path) -> str | None:
    """Return the class of a folder's tokenizer, found where transformers looks for it."""
    configs = [_read_json(folder / name) for name in (_CONFIG, "config.json")]
    for config in configs:
        named = config.get("tokenizer_class")
        if isinstance(named, str):
            return named
    return _find_class_of_family(configs[-1].get("model_type"))


def _read_json(path: Path) -> dict[str, Any]:
    """Return the table in a JSON file; an empty one where there is none, or a damaged one."""
    try:
        content = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _find_class_of_family(model_type: object) -> str | None:
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

    names: Any = TOKENIZER_MAPPING_NAMES.get(str(model_type))
    if names is None or isinstance(names, str):  # one name since transformers 5
        return names
    slow, fast = names
    named: str | None = slow or fast
    return named


@lru_cache
def _find_class(name: str | None) -> type[Any] | None:
    """Return the class of tokenizers that a config names, in the spelling of either version."""
    from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

    if name is None:
        return None
    find: Any = tokenizer_class_from_name  # untyped in transformers 4
    for spelling in (name, name.removesuffix("Fast"), f"{name}Fast"):
        found: type[Any] | None = find(spelling)
        if found is not None:
            return found
    return None


def _obey_config(files: Mapping[str, bytes], folder: Path) -> bytes | None:
    """Return tokenizer.json as tokenizer_config.json changes it; None if it changes nothing.

    Only what is written there counts, not what a class takes where nothing is written: else the
    same folder would be read differently by two versions of transformers.
    """
    config = _read_json(folder / _CONFIG)
    raw = json.loads(files[_TOKENIZER_JSON])
    before = json.dumps(raw)
    normalizer = raw.get("normalizer") or {}
    if normalizer.get("type") == "BertNormalizer":
        tokenizer_class = _find_class(_find_class_name(folder))
        taken = inspect.signature(tokenizer_class).parameters if tokenizer_class else {}
        for setting, field in _NORMALIZER_SETTINGS.items():
            if setting in config and setting in taken:
                normalizer[field] = config[setting]
    if isinstance(config.get("add_prefix_space"), bool):
        # The post-processor takes the space off the first subword's characters, if it knows of it.
        for part in ("pre_tokenizer", "post_processor"):
            if "add_prefix_space" in (raw.get(part) or {}):
                raw[part]["add_prefix_space"] = config["add_prefix_space"]
    if not _TEMPLATE_SETTINGS.isdisjoint(config):
        raw["post_processor"] = _ask_for_template(folder, files) or raw.get("post_processor")
    changed = json.dumps(raw, ensure_ascii=False)
    added = _list_added_tokens(config, raw)
    if added:
        return _add_tokens(changed, added).encode("utf8")
    return None if json.dumps(raw) == before else changed.encode("utf8")


def _ask_for_template(folder: Path, files: Mapping[str, bytes]) -> dict[str, Any] | None:
    """Return what transformers puts around a text, which classes and versions read differently.

    None where it cannot read the tokenizer: then tokenizer.json is all that there is.
    """
    try:
        own = _load_own_tokenizer(folder, files, str(folder))
    except CheckpointError:
        return None
    if not own.is_fast:
        return None
    template: dict[str, Any] | None = json.loads(own.backend_tokenizer.to_str())["post_processor"]
    return template


def _list_added_tokens(config: Mapping[str, Any], raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tokens that only tokenizer_config.json has, in the order of their ids."""
    decoder = config.get("added_tokens_decoder")
    if not isinstance(decoder, dict):
        return []
    known = {token["content"] for token in raw.get("added_tokens", [])}
    added: list[dict[str, Any]] = []
    for token_id in sorted(decoder, key=int):
        token = decoder[token_id]
        if token["content"] not in known:
            added.append(token)
    return added


def _add_tokens(tokenizer_json: str, tokens: list[dict[str, Any]]) -> str:
    from tokenizers import AddedToken, Tokenizer

    tokenizer = Tokenizer.from_str(tokenizer_json)
    for token in tokens:
        flags = {key: bool(token[key]) for key in _TOKEN_FLAGS if key in token}
        tokenizer.add_tokens([AddedToken(token["content"], **flags)])
    added: str = tokenizer.to_str()
    return added


_TOKEN_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")
