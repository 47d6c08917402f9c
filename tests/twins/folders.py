"""A twin of a published checkpoint in a folder: what is known of it, around a tiny random network.

Its head is set so that some texts have each of its labels, which tells whether all are understood.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import spacy
import torch
from safetensors.torch import save_file
from transformers import (
    CONFIG_MAPPING,
    AutoModel,
    AutoModelForTokenClassification,
    AutoTokenizer,
)

from spacy_hf_ner.model.head import find_head
from tests.checkpoints import CORPUS
from tests.families.networks import make_small_config
from tests.families.vocabularies import VOCABULARIES
from tests.twins.facts import Twin

__all__ = ["Phrase", "is_known", "make_twin"]

# The class of each kind of tokenizer, and what tokenizer_config.json says of the kind.
_KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "bertweet": ("BertweetTokenizer", {}),
    "camembert": ("CamembertTokenizer", {}),
    "cased": ("BertTokenizer", {"do_lower_case": False}),
    "characters": ("BertTokenizer", {"do_lower_case": False}),
    "deberta": ("DebertaTokenizer", {}),
    "deberta-v2": ("DebertaV2Tokenizer", {"do_lower_case": False, "vocab_type": "spm"}),
    "gpt2": ("GPT2Tokenizer", {}),
    "llama-3": ("PreTrainedTokenizerFast", {}),
    "mecab": ("BertJapaneseTokenizer", {"word_tokenizer_type": "mecab"}),
    "modernbert": ("PreTrainedTokenizerFast", {}),
    "o200k": ("PreTrainedTokenizerFast", {}),
    "phobert": ("PhobertTokenizer", {}),
    "roberta": ("RobertaTokenizer", {}),
    "uncased": ("BertTokenizer", {"do_lower_case": True}),
    "xlm-roberta": ("XLMRobertaTokenizer", {}),
}
# Kinds that the model type does not tell.
_NAMED = {"bertweet", "mecab", "phobert"}

# Kinds that cannot be read without another library, or that are none.
_UNREADABLE = {"mecab", "none"}

# Networks that stand in for types that transformers does not have.
_STANDS_IN = {"xlm-token": "xlm-roberta", "span-marker": "roberta"}

_NO_LABELS = ("LABEL_0", "LABEL_1")  # of an encoder, as transformers counts them

_SHARPNESS = 40.0  # logits by which a label wins in its place
_NEVER = -1e4  # the bias of a label that has no place

# What one entity is made of, in each scheme: the prefixes of its tokens.
_ENTITIES = {
    "IO": ("I",),
    "IOB": ("BI",),
    "IOBES": ("BIE", "S"),
    "BILOU": ("BIL", "U"),
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text that is one entity, or none.

    Attributes:
        text: Words of one subword each, or a single word.
        columns: The label of each word, as its id.
        entity_type: The type of the entity; empty where there is none.
    """

    text: str
    columns: tuple[int, ...]
    entity_type: str


def is_known(family: str) -> bool:
    """Tell whether the installed transformers has a model type."""
    return family in CONFIG_MAPPING


def make_twin(twin: Twin, folder: Path) -> list[Phrase]:
    """Write the twin of a checkpoint, and return texts that it finds all its labels in."""
    folder.mkdir(parents=True)
    files = _make_tokenizer_files(twin)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    for name, text in twin.more_files.items():
        (folder / name).write_text(text, encoding="utf8")
    family = _STANDS_IN.get(twin.family, twin.family)
    _write_config(folder, twin, {})  # from which AutoTokenizer learns the model type
    if not is_known(family):
        _write_weights(folder, twin, {"classifier.weight": torch.zeros(2, 2)})
        return []
    tokenizer: Any = None
    if family == twin.family and twin.tokenizer not in _UNREADABLE:
        load_tokenizer: Any = AutoTokenizer.from_pretrained  # untyped in transformers 4
        tokenizer = load_tokenizer(folder)
    config = make_small_config(
        family, tokenizer or _Nothing(), dict(enumerate(twin.labels or _NO_LABELS))
    )
    make: Any = AutoModel if twin.is_encoder else AutoModelForTokenClassification
    torch.manual_seed(0)
    network = make.from_config(config).eval()
    phrases: list[Phrase] = []
    if tokenizer is not None and not twin.is_encoder:
        words = _list_words(tokenizer)
        phrases = list(_make_phrases(twin, words))
        _set_head(network, tokenizer, phrases)
    _write_config(folder, twin, network.config.to_dict())
    _write_weights(folder, twin, network.state_dict())
    return phrases


class _Nothing:
    """A tokenizer of which nothing is known but that it has words."""

    def __len__(self) -> int:
        return 100


def _write_config(folder: Path, twin: Twin, settings: Mapping[str, Any]) -> None:
    config = {**settings, **twin.config, "model_type": twin.family}
    config["architectures"] = ["TwinForMaskedLM"]
    if twin.labels:
        config["architectures"] = ["TwinForTokenClassification"]
        config["id2label"] = {str(i): label for i, label in enumerate(twin.labels)}
        config["label2id"] = {label: i for i, label in enumerate(twin.labels)}
    (folder / "config.json").write_text(json.dumps(config, default=str), encoding="utf8")


def _write_weights(folder: Path, twin: Twin, weights: Mapping[str, torch.Tensor]) -> None:
    if twin.weights == "tensorflow":
        (folder / "tf_model.h5").write_bytes(b"weights of TensorFlow")
    elif twin.weights == "pickle":
        torch.save(dict(weights), folder / "pytorch_model.bin")
    else:
        copies = {name: tensor.clone().contiguous() for name, tensor in weights.items()}
        save_file(copies, folder / "model.safetensors", {"format": "pt"})


def _make_tokenizer_files(twin: Twin) -> dict[str, bytes]:
    if twin.tokenizer == "none":
        return {}
    tokenizer_class, settings = _KINDS[twin.tokenizer]
    files = dict(_make_vocabulary(tokenizer_class, keeps=twin.vocabulary_only))
    written: dict[str, Any] = json.loads(files.pop("tokenizer_config.json", b"{}"))
    settings = {**written, **settings, **twin.tokenizer_config}
    if twin.vocabulary_only and twin.tokenizer not in _NAMED:
        settings.pop("tokenizer_class", None)  # told by config.json
    files["tokenizer_config.json"] = json.dumps(settings).encode("utf8")
    return files


@cache
def _make_vocabulary(tokenizer_class: str, *, keeps: bool) -> dict[str, bytes]:
    """Return the files of a tokenizer: its vocabulary alone, or with tokenizer.json, too."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        if tokenizer_class in {"BertweetTokenizer", "PhobertTokenizer"}:
            settings = _write_codes(folder)
        else:
            stem = tokenizer_class.removesuffix("Fast")
            like = {"BertJapaneseTokenizer": "BertTokenizer"}.get(stem, stem)
            settings = VOCABULARIES[like](folder)
        path = folder / "tokenizer_config.json"
        settings = {**settings, "tokenizer_class": tokenizer_class}
        path.write_text(json.dumps(settings), encoding="utf8")
        if not keeps:
            load_tokenizer: Any = AutoTokenizer.from_pretrained
            load_tokenizer(folder).save_pretrained(folder)
        return {path.name: path.read_bytes() for path in folder.iterdir()}


def _write_codes(folder: Path) -> dict[str, Any]:
    """Write vocab.txt and bpe.codes: letters, each a word or the part of one (``a@@``)."""
    letters = sorted({letter for line in CORPUS for letter in line.lower() if letter.isalpha()})
    merges = ["i n</w>", "o n</w>", "a t</w>", "t o</w>"]
    words = [merge.replace(" ", "").removesuffix("</w>") for merge in merges]
    names = [*letters, *(f"{letter}@@" for letter in letters), *words]
    lines = "".join(f"{name} 1\n" for name in names)
    (folder / "vocab.txt").write_text(lines, encoding="utf8")
    codes = "".join(f"{merge} 1\n" for merge in merges)
    (folder / "bpe.codes").write_text(codes, encoding="utf8")
    return {}


def _list_words(tokenizer: Any) -> list[str]:
    """Return words of one subword each, which spaCy leaves whole, too."""
    nlp = spacy.blank("en")
    words: list[str] = []
    for piece in sorted(tokenizer.get_vocab()):
        word = piece.strip("▁Ġ@#").removesuffix("</w>")
        if not word.isalnum() or word in words:
            continue
        text = f"{word} {word} {word}"
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(ids) == len(nlp.make_doc(text)) == 3 and tokenizer.unk_token_id not in ids:
            words.append(word)
    return words


def _make_phrases(twin: Twin, words: Sequence[str]) -> Iterator[Phrase]:
    labels = list(twin.given or twin.labels)
    wanted: list[tuple[tuple[int, ...], str]] = []
    if twin.outside is not None:
        outside = labels.index("O" if twin.given else twin.outside)
        wanted.append(((outside,), ""))
    for entity_type in twin.types:
        for columns in _find_columns(labels, entity_type, twin):
            wanted.append((columns, entity_type))
    for i, (columns, entity_type) in enumerate(wanted):
        # Each phrase has other words: as long as the first differ, and then in another order.
        step = 1 + i // len(words)
        chosen = [words[(i + step * k) % len(words)] for k in range(len(columns))]
        if step > 1 and len(columns) == 1:
            chosen[0] += words[(i + step) % len(words)]  # one word of several subwords
        yield Phrase(" ".join(chosen), columns, entity_type)


def _find_columns(labels: list[str], entity_type: str, twin: Twin) -> Iterator[tuple[int, ...]]:
    """Yield the labels of entities of a type that together have all its labels."""
    by_prefix: dict[str, int] = {}
    for prefix in "BIELSU":
        for spelling in (f"{prefix}-{entity_type}", f"{prefix}_{entity_type}"):
            if spelling in labels:
                by_prefix[prefix] = labels.index(spelling)
        if f"{entity_type}-{prefix}" in labels and twin.scheme != "IO":
            by_prefix[prefix] = labels.index(f"{entity_type}-{prefix}")
    if entity_type in labels:
        yield (labels.index(entity_type),)
    if twin.begins_inside:
        yield (by_prefix["I"],)
        return
    for prefixes in _ENTITIES[twin.scheme]:
        columns = tuple(by_prefix[prefix] for prefix in prefixes if prefix in by_prefix)
        if columns:
            yield columns


def _set_head(network: Any, tokenizer: Any, phrases: Sequence[Phrase]) -> None:
    """Give each column the weights that choose it where a phrase has it.

    What the head is given there is a point; the column whose point is nearest has the largest of
    ``point · input - |point|² / 2``.
    """
    _, head = find_head(network)
    bias: torch.Tensor | None = head.bias  # of which some heads have none
    points = torch.zeros_like(head.weight)
    has_point = torch.zeros(len(points), dtype=torch.bool)
    for phrase in phrases:
        inputs = _read_head_inputs(network, head, tokenizer, phrase)
        for column, point in zip(phrase.columns, inputs, strict=True):
            points[column] = point
            has_point[column] = True
    with torch.no_grad():
        if bias is None:
            points = torch.nn.functional.normalize(points) * points.norm(dim=1).max()
        distances = torch.cdist(points[has_point], points[has_point])
        nearest = distances.fill_diagonal_(torch.inf).min()
        scale = 2.0 * _SHARPNESS / nearest**2
        head.weight.copy_(scale * points)
        if bias is not None:
            halves = points.pow(2).sum(dim=1) / 2.0
            bias.copy_(torch.where(has_point, -scale * halves, _NEVER * scale))


def _read_head_inputs(
    network: Any, head: torch.nn.Linear, tokenizer: Any, phrase: Phrase
) -> torch.Tensor:
    """Return what a head is given of each word of a phrase. Shape: (n_words, width)."""
    seen: list[torch.Tensor] = []
    handle = head.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    encoding = tokenizer(phrase.text, return_tensors="pt")
    bare = tokenizer(phrase.text, add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        network(input_ids=encoding["input_ids"], attention_mask=encoding["attention_mask"])
    handle.remove()
    ids = encoding["input_ids"][0].tolist()
    start = next(i for i in range(len(ids)) if ids[i : i + len(bare)] == bare)
    return seen[0][0, start : start + len(phrase.columns)]
