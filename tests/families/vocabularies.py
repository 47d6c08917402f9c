"""Small tokenizers of every kind that families are published with, as the files that they lie in.

A vocabulary is written as its makers write it (``vocab.txt``, ``spiece.model``, …). Transformers
makes the tokenizer from it.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.checkpoints import (
    BERT_STYLE,
    CORPUS,
    ROBERTA_STYLE,
    SpecialTokens,
    build_tokenizer,
)

__all__ = ["VOCABULARIES", "WriteVocabulary"]

WriteVocabulary = Callable[[Path], dict[str, Any]]
"""Writes the files of a vocabulary to a folder; returns what tokenizer_config.json says of it."""

_N_PIECES = 320  # of SentencePiece
_N_BYTES = 256
_AMINO_ACIDS = "LAGVSERTIDPKQNFYMHWCXBUZO"


def _write_wordpiece(
    *special: str, settings: dict[str, Any] | None = None, lowercase: bool = True
) -> WriteVocabulary:
    """Return what writes vocab.txt, which begins with some special tokens."""

    def write(folder: Path) -> dict[str, Any]:
        pieces = _list_wordpieces()
        names = dict.fromkeys([*special, *pieces])
        (folder / "vocab.txt").write_text("\n".join(names) + "\n", encoding="utf8")
        return {"do_lower_case": lowercase, **(settings or {})}

    return write


@cache
def _list_wordpieces() -> list[str]:
    vocabulary = _read_model("wordpiece", BERT_STYLE)["vocab"]
    return [name for name in vocabulary if name not in set(BERT_STYLE)]


def _read_model(kind: Any, special: SpecialTokens) -> dict[str, Any]:
    """Return the part of a tokenizer.json that holds the vocabulary."""
    model: dict[str, Any] = json.loads(build_tokenizer(kind, special, ()))["model"]
    return model


def _write_byte_bpe(
    *special: str,
    settings: dict[str, Any] | None = None,
    more: Callable[[Path], None] | None = None,
) -> WriteVocabulary:
    """Return what writes vocab.json and merges.txt of a byte-level BPE."""

    def write(folder: Path) -> dict[str, Any]:
        vocabulary, merges = _make_byte_bpe(special)
        (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf8")
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]), encoding="utf8")
        if more is not None:
            more(folder)
        return settings or {}

    return write


def _make_byte_bpe(special: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    model = _read_model("bpe", ROBERTA_STYLE)
    pieces = [name for name in model["vocab"] if name not in set(ROBERTA_STYLE)]
    names = dict.fromkeys([*special, *pieces])
    merges = [" ".join(merge) for merge in model["merges"]]
    return {name: i for i, name in enumerate(names)}, merges


def _write_tokenizer_json(*special: str, settings: dict[str, Any] | None = None) -> WriteVocabulary:
    """Return what writes tokenizer.json of a byte-level BPE, the first special token in front."""

    def write(folder: Path) -> dict[str, Any]:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

        vocabulary, merges = _make_byte_bpe(special)
        pairs = [tuple(merge.split(" ")) for merge in merges]
        tokenizer = Tokenizer(models.BPE(vocabulary, pairs))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
        tokenizer.add_special_tokens(list(special))
        tokenizer.save(str(folder / "tokenizer.json"))
        return settings or {}

    return write


def _write_sentencepiece(
    file_name: str,
    *,
    settings: dict[str, Any] | None = None,
    more: Callable[[Path, Path], None] | None = None,
    **trainer: Any,
) -> WriteVocabulary:
    """Return what writes a SentencePiece model, trained with some settings of its trainer."""

    def write(folder: Path) -> dict[str, Any]:
        path = folder / file_name
        path.write_bytes(_train_sentencepiece(json.dumps(trainer)))
        if more is not None:
            more(folder, path)
        return settings or {}

    return write


@cache
def _train_sentencepiece(settings: str) -> bytes:
    import io

    import sentencepiece

    trainer: dict[str, Any] = {
        "model_type": "unigram",
        "vocab_size": _N_PIECES,
        "hard_vocab_limit": False,
        "character_coverage": 1.0,
        **json.loads(settings),
    }
    if trainer["model_type"] == "bpe":
        trainer.pop("hard_vocab_limit")
        trainer["vocab_size"] += _N_BYTES
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS * 4), model_writer=written, minloglevel=2, **trainer
    )
    return written.getvalue()


def _write_pieces_as_text(folder: Path, model: Path) -> None:
    """Write vocab.txt with the pieces of a SentencePiece model, as ERNIE-M has it."""
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    names = dict.fromkeys(["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]", *pieces])
    (folder / "vocab.txt").write_text("\n".join(names) + "\n", encoding="utf8")


def _write_word_bpe(*special: str, settings: dict[str, Any] | None = None) -> WriteVocabulary:
    """Return what writes vocab.json and merges.txt of a BPE of letters that marks ends of words."""

    def write(folder: Path) -> dict[str, Any]:
        letters = sorted({letter for line in CORPUS for letter in line.lower()} - {" "})
        merges = ["a n", "e r</w>", "i n", "an g", "m e", "t h", "th e</w>", "o n</w>"]
        pieces = [merge.replace(" ", "") for merge in merges]
        endings = [f"{letter}</w>" for letter in letters]
        names = dict.fromkeys([*special, *letters, *endings, *pieces])
        vocabulary = {name: i for i, name in enumerate(names)}
        (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf8")
        # These tokenizers drop the last line.
        lines = ["#version: 0.2", *(f"{merge} 1" for merge in merges), ""]
        (folder / "merges.txt").write_text("\n".join(lines), encoding="utf8")
        return settings or {}

    return write


def _write_entities_of_luke(folder: Path) -> None:
    entities = {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3}
    (folder / "entity_vocab.json").write_text(json.dumps(entities), encoding="utf8")


def _write_roc_bert(folder: Path) -> dict[str, Any]:
    """Write a vocabulary with the shape and the pronunciation of each word."""
    settings = _write_wordpiece(*BERT_STYLE)(folder)
    names = (folder / "vocab.txt").read_text(encoding="utf8").splitlines()
    for file_name, size in (("word_shape.json", 40), ("word_pronunciation.json", 30)):
        numbers = {name: i % size for i, name in enumerate(names)}
        (folder / file_name).write_text(json.dumps(numbers), encoding="utf8")
    return settings


def _write_protein(folder: Path) -> dict[str, Any]:
    """Write the letters of amino acids, which words of other texts have no part in."""
    names = ["<cls>", "<pad>", "<eos>", "<unk>", *_AMINO_ACIDS, ".", "-", "<null_1>", "<mask>"]
    (folder / "vocab.txt").write_text("\n".join(names), encoding="utf8")
    return {"pad_token": "<pad>"}


def _write_nothing(_folder: Path) -> dict[str, Any]:
    return {}


_ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ENDOFTEXT = "<|endoftext|>"
_ALBERT: dict[str, Any] = {"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1}
_ALBERT_SYMBOLS: dict[str, Any] = {"control_symbols": ["[CLS]", "[SEP]", "[MASK]"]}
_LLAMA: dict[str, Any] = {
    "model_type": "bpe",
    "byte_fallback": True,
    "normalization_rule_name": "identity",
    "remove_extra_whitespaces": False,
}
_GENERIC_SETTINGS = {"eos_token": _ENDOFTEXT, "pad_token": _ENDOFTEXT}

VOCABULARIES: dict[str, WriteVocabulary] = {
    "AlbertTokenizer": _write_sentencepiece("spiece.model", **_ALBERT, **_ALBERT_SYMBOLS),
    "BertTokenizer": _write_wordpiece(*_BERT),
    "BigBirdTokenizer": _write_sentencepiece(
        "spiece.model", pad_id=0, eos_id=1, bos_id=2, unk_id=3, **_ALBERT_SYMBOLS
    ),
    "BioGptTokenizer": _write_word_bpe("<s>", "<pad>", "</s>", "<unk>"),
    "BloomTokenizer": _write_tokenizer_json(
        "<unk>",
        "<s>",
        "</s>",
        "<pad>",
        settings={"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"},
    ),
    "CamembertTokenizer": _write_sentencepiece("sentencepiece.bpe.model"),
    "CanineTokenizer": _write_nothing,
    "CodeGenTokenizer": _write_byte_bpe(_ENDOFTEXT),
    "DebertaTokenizer": _write_byte_bpe(*_BERT),
    "DebertaV2Tokenizer": _write_sentencepiece(
        "spm.model",
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        pad_piece="[PAD]",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        unk_piece="[UNK]",
        settings={"do_lower_case": False},
    ),
    "ErnieMTokenizer": _write_sentencepiece("sentencepiece.bpe.model", more=_write_pieces_as_text),
    "EsmTokenizer": _write_protein,
    "FNetTokenizer": _write_sentencepiece("spiece.model", **_ALBERT, **_ALBERT_SYMBOLS),
    "FlaubertTokenizer": _write_word_bpe("<s>", "</s>", "<pad>", "<unk>", "<special1>"),
    "FunnelTokenizer": _write_wordpiece("<pad>", "<unk>", "<cls>", "<sep>", "<mask>"),
    "GPT2Tokenizer": _write_byte_bpe(_ENDOFTEXT),
    "GPTNeoXTokenizer": _write_tokenizer_json(
        _ENDOFTEXT, settings={**_GENERIC_SETTINGS, "unk_token": _ENDOFTEXT}
    ),
    "GPTSw3Tokenizer": _write_sentencepiece(
        "spiece.model",
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        eos_piece=_ENDOFTEXT,
        settings={"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>"},
    ),
    "GemmaTokenizer": _write_sentencepiece(
        "tokenizer.model",
        pad_id=0,
        eos_id=1,
        bos_id=2,
        unk_id=3,
        bos_piece="<bos>",
        eos_piece="<eos>",
        add_dummy_prefix=False,
        **_LLAMA,
    ),
    "LayoutLMTokenizer": _write_wordpiece(*_BERT),
    "LayoutLMv2Tokenizer": _write_wordpiece(*_BERT),
    "LayoutLMv3Tokenizer": _write_byte_bpe(*_ROBERTA),
    "LlamaTokenizer": _write_sentencepiece("tokenizer.model", **_LLAMA),
    "LukeTokenizer": _write_byte_bpe(*_ROBERTA, more=_write_entities_of_luke),
    "MPNetTokenizer": _write_wordpiece("<s>", "<pad>", "</s>", "[UNK]", "<mask>"),
    "MT5Tokenizer": _write_sentencepiece("spiece.model", pad_id=0, eos_id=1, unk_id=2, bos_id=-1),
    "MarkupLMTokenizer": _write_byte_bpe(*_ROBERTA, settings={"tags_dict": {"div": 0, "p": 1}}),
    "PreTrainedTokenizer": _write_tokenizer_json(_ENDOFTEXT, settings=_GENERIC_SETTINGS),
    "Qwen2Tokenizer": _write_byte_bpe(_ENDOFTEXT),
    "RemBertTokenizer": _write_sentencepiece("sentencepiece.model", **_ALBERT, **_ALBERT_SYMBOLS),
    "RoCBertTokenizer": _write_roc_bert,
    "RoFormerTokenizer": _write_wordpiece(*_BERT),
    "RobertaTokenizer": _write_byte_bpe(*_ROBERTA),
    "T5Tokenizer": _write_sentencepiece("spiece.model", pad_id=0, eos_id=1, unk_id=2, bos_id=-1),
    "XLMRobertaTokenizer": _write_sentencepiece("sentencepiece.bpe.model"),
    "XLMTokenizer": _write_word_bpe("<s>", "</s>", "<pad>", "<unk>", "<special1>"),
    "XLNetTokenizer": _write_sentencepiece(
        "spiece.model",
        control_symbols=["<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"],
    ),
}
"""What writes the vocabulary of each class of tokenizers; classes of one kind share one."""

for _like_bert in ("ConvBert", "DistilBert", "Electra", "MobileBert", "SqueezeBert"):
    VOCABULARIES[f"{_like_bert}Tokenizer"] = VOCABULARIES["BertTokenizer"]
VOCABULARIES["LongformerTokenizer"] = VOCABULARIES["RobertaTokenizer"]
VOCABULARIES["Qwen3_5Tokenizer"] = VOCABULARIES["Qwen2Tokenizer"]
VOCABULARIES["EsmcTokenizer"] = VOCABULARIES["EsmTokenizer"]
VOCABULARIES["TokenizersBackend"] = VOCABULARIES["PreTrainedTokenizer"]
