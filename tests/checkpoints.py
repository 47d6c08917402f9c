"""Tiny random checkpoints with real tokenizers of all three kinds, made on the spot: no hub, no
stub."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import torch
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import AutoConfig, AutoModelForTokenClassification, PreTrainedTokenizerFast

TokenizerKind = Literal["wordpiece", "bpe", "unigram"]
TOKENIZER_KINDS: tuple[TokenizerKind, ...] = ("wordpiece", "bpe", "unigram")

CONLL_LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC")

# The tokenizer that each family is published with.
FAMILIES: dict[str, TokenizerKind] = {
    "bert": "wordpiece",
    "distilbert": "wordpiece",
    "electra": "wordpiece",
    "roberta": "bpe",
    "modernbert": "bpe",
    "xlm-roberta": "unigram",
    "camembert": "unigram",
    "albert": "unigram",
    "deberta-v2": "unigram",
    "xlnet": "unigram",
}

_VOCAB_SIZE = 600  # of byte-level BPE
_N_PIECES = 300  # of the others
CORPUS = [
    "Angela Merkel met Tim Cook in San José on Friday, 3 March 2017, and flew back to Berlin.",
    "The European Union's Court of Justice ruled against Google LLC in Luxembourg (C-507/17).",
    "Kofi Annan, born in Kumasi, Ghana, was awarded the Nobel Peace Prize in 2001.",
    "東京タワーは日本の東京にある。 北京是中国的首都。 Москва — столица России. برلين عاصمة ألمانيا",  # noqa: E501 - data
    "I can't believe that O'Brien-Smith's U.S.-based firm lost $3.5bn; we'll see what they're up to!",  # noqa: E501 - data
    "नई दिल्ली भारत की राजधानी है। Αθήνα, Κωνσταντίνος. São Paulo, Łódź, Nguyễn Văn A, Zürich, İstanbul.",  # noqa: E501 - data
]


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """The names of a tokenizer's special tokens."""

    pad: str
    unknown: str
    first: str
    last: str
    mask: str

    def __iter__(self) -> Iterator[str]:
        return iter((self.first, self.pad, self.last, self.unknown, self.mask))


BERT_STYLE = SpecialTokens("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ROBERTA_STYLE = SpecialTokens("<pad>", "<unk>", "<s>", "</s>", "<mask>")
XLNET_STYLE = SpecialTokens("<pad>", "<unk>", "<cls>", "<sep>", "<mask>")


def get_special_tokens(family: str) -> SpecialTokens:
    """Return the special tokens that a family is published with."""
    if family == "xlnet":
        return XLNET_STYLE
    return ROBERTA_STYLE if family in {"roberta", "xlm-roberta", "camembert"} else BERT_STYLE


def make_tokenizer(family: str, kind: TokenizerKind, lines: tuple[str, ...] = ()) -> Tokenizer:
    """Return a small tokenizer of one kind, with the template and the offsets of a family."""
    special = get_special_tokens(family)
    tokenizer: Tokenizer = Tokenizer.from_str(build_tokenizer(kind, special, lines))
    if kind == "unigram" and family == "deberta-v2":
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()  # offsets with the space before a word
    ends = [(token, tokenizer.token_to_id(token)) for token in (special.first, special.last)]
    if family == "roberta":
        first, last = ends
        tokenizer.post_processor = processors.RobertaProcessing(
            last, first, trim_offsets=True, add_prefix_space=False
        )
    else:
        template = "$A {1} {0}:2" if family == "xlnet" else "{0} $A {1}"
        single = template.format(special.first, special.last)
        tokenizer.post_processor = processors.TemplateProcessing(single=single, special_tokens=ends)
    return tokenizer


@lru_cache
def build_tokenizer(kind: TokenizerKind, special: SpecialTokens, lines: tuple[str, ...]) -> str:
    """Return a tokenizer with a vocabulary from a few lines, as JSON; the same one in every
    process."""
    if kind == "bpe":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        _train_bpe(
            tokenizer, _VOCAB_SIZE + len(lines), special, lines, pre_tokenizers.ByteLevel.alphabet()
        )
    elif kind == "wordpiece":
        normalizer = normalizers.BertNormalizer(lowercase=True)
        pieces = _find_pieces(normalizer, pre_tokenizers.BertPreTokenizer(), lines)
        names = dict.fromkeys([*special, *pieces, *(f"##{piece}" for piece in pieces)])
        vocab = {name: i for i, name in enumerate(names)}
        tokenizer = Tokenizer(models.WordPiece(vocab, unk_token=special.unknown))
        tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
    else:
        normalizer = normalizers.NFKC()
        pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
        )
        pieces = _find_pieces(normalizer, pre_tokenizer, lines)
        scores = [(name, 0.0) for name in special] + [
            (piece, -5.0 - i / 100) for i, piece in enumerate(pieces)
        ]
        tokenizer = Tokenizer(models.Unigram(scores, unk_id=list(special).index(special.unknown)))
        tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = pre_tokenizer
        tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(list(special))
    built: str = tokenizer.to_str()
    return built


def _find_pieces(
    normalizer: normalizers.Normalizer,
    pre_tokenizer: pre_tokenizers.PreTokenizer,
    lines: tuple[str, ...],
) -> list[str]:
    """Return the pieces of words that are frequent in a few lines.

    The library's own trainers for WordPiece and Unigram give another vocabulary in every process.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    _train_bpe(tokenizer, _N_PIECES + len(lines), (), lines, [])
    return sorted(tokenizer.get_vocab(), key=tokenizer.token_to_id)


def _train_bpe(
    tokenizer: Tokenizer,
    vocab_size: int,
    special: Iterable[str],
    lines: tuple[str, ...],
    alphabet: list[str],
) -> None:
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(special),
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator([*CORPUS, *lines] * 4, trainer)


def make_checkpoint(
    folder: Path,
    *,
    family: str = "bert",
    kind: TokenizerKind | None = None,
    labels: Sequence[str] = CONLL_LABELS,
    head_scale: float = 40.0,
    seed: int = 0,
    lines: tuple[str, ...] = (),
    **config: Any,
) -> Path:
    """Write a tiny random token classifier of a family and return its folder.

    Args:
        folder: Where to write it.
        family: A model type of transformers.
        kind: The kind of tokenizer; the family's own by default.
        labels: The labels in the order of their ids.
        head_scale: What the head's weights are multiplied by, so that decisions are sharp.
        seed: Seed of the weights.
        lines: More text to train the tokenizer on; each line makes room for one more subword.
        config: Settings of the family's config that differ from the tiny ones.
    """
    special = get_special_tokens(family)
    wrap: Any = PreTrainedTokenizerFast  # untyped in transformers 4
    wrapped = wrap(
        tokenizer_object=make_tokenizer(family, kind or FAMILIES[family], lines),
        pad_token=special.pad,
        unk_token=special.unknown,
        cls_token=special.first,
        sep_token=special.last,
        mask_token=special.mask,
        model_max_length=config.pop("model_max_length", 512),
    )
    tiny: dict[str, Any] = {
        "vocab_size": len(wrapped),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 514,
        "pad_token_id": wrapped.pad_token_id,
        "bos_token_id": wrapped.cls_token_id,
        "eos_token_id": wrapped.sep_token_id,
        "cls_token_id": wrapped.cls_token_id,
        "sep_token_id": wrapped.sep_token_id,
        "id2label": dict(enumerate(labels)),
        "label2id": {label: i for i, label in enumerate(labels)},
    }
    if family == "distilbert":
        tiny |= {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    elif family == "xlnet":
        tiny |= {"d_model": 32, "n_layer": 2, "n_head": 2, "d_inner": 64}
        for name in (
            "hidden_size",
            "num_hidden_layers",
            "num_attention_heads",
            "max_position_embeddings",
        ):
            del tiny[name]
    elif family in {"albert", "electra"}:
        tiny |= {"embedding_size": 16}
    torch.manual_seed(seed)
    make: Any = AutoModelForTokenClassification.from_config  # untyped in transformers 4
    network = make(AutoConfig.for_model(family, **(tiny | config)))
    with torch.no_grad():
        network.classifier.weight.mul_(head_scale)
    network.save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder
