"""What a family must do to be right, one function for each; what it is compared with is its own.

A check raises ``AssertionError`` where a family is wrong. An error of ours is a refusal.
"""

import copy
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import spacy
import torch
from safetensors.torch import load_file
from spacy.tokens import Doc
from thinc.api import Adam
from transformers import AutoModelForTokenClassification, AutoTokenizer

from spacy_hf_ner.errors import HFNerError
from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.onnx.export import export_checkpoint
from spacy_hf_ner.model.hf_classifier import HFTokenClassifier, make_hf_model
from spacy_hf_ner.model.reading.layout import Layout, lay_out
from spacy_hf_ner.model.reading.windowed import run_windows
from spacy_hf_ner.model.settings import Settings
from spacy_hf_ner.model.training.dropout import set_dropout
from tests.families.networks import make_family
from tests.families.recipes import UNLIMITED, Recipe, get_recipe

__all__ = [
    "CHECKS",
    "TEXTS",
    "Check",
    "Subject",
    "check_dropout",
    "check_freezing",
    "check_onnx",
    "load_ours",
    "make_docs",
    "train_a_step",
]

TEXT = "Angela Merkel met Tim Cook in San José, 東京."
TEXTS = (TEXT, "Berlin", "a", "Kofi Annan, born in Kumasi, Ghana.", "They flew to Berlin again")
LONG_TEXT = f"{TEXT} Ada Lovelace wrote to Charles Babbage in London. {TEXT}"

TOLERANCE = 1e-4

# What a network is given of a text; boxes, paths, shapes and pronunciations are left at zero.
_OF_TEXT = {"input_ids", "attention_mask", "token_type_ids"}


@dataclass
class Subject:
    """A family that is looked at: its network in a folder, as we and as transformers load it.

    Attributes:
        family: Its model type.
        folder: Where its files are, and where checks may write.
    """

    family: str
    folder: Path

    @cached_property
    def source(self) -> Path:
        """The folder of a token classifier."""
        return make_family(self.family, self.folder / "source")

    @property
    def recipe(self) -> Recipe:
        """What is special of it."""
        return get_recipe(self.family)

    @cached_property
    def ours(self) -> HFTokenClassifier:
        """The model that we load, exact."""
        with torch.inference_mode(mode=False):
            return load_ours(self.source)

    @cached_property
    def own(self) -> "Own":
        """What transformers loads."""
        with torch.inference_mode(mode=False):  # it is trained later
            return Own(self.source, self.recipe)


class Own:
    """A family's own network and tokenizer, as transformers loads them from a folder."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        load_tokenizer: Any = AutoTokenizer.from_pretrained  # untyped in transformers 4
        load_network: Any = AutoModelForTokenClassification.from_pretrained
        self.tokenizer = load_tokenizer(folder)
        # Attention that every family has, and the exact one where kernels leave something out.
        self.network = load_network(folder, attn_implementation="eager").float().eval()
        self._in_words = recipe.in_words
        self._takes = set(inspect.signature(self.network.forward).parameters)
        self._template = self._tokenize("a", **recipe.own_settings)
        whole = self._template["input_ids"]
        bare = self.read_ids("a")
        self._n_before = _find_part(whole, bare)
        self._n_after = len(whole) - self._n_before - len(bare)

    def read_ids(self, text: str) -> list[int]:
        """Return the subwords of a text, without special tokens."""
        ids: list[int] = self._tokenize(text, add_special_tokens=False)["input_ids"]
        return ids

    def _tokenize(self, text: str, **settings: Any) -> dict[str, list[int]]:
        if not self._in_words:
            return dict(self.tokenizer(text, **settings))
        words = text.split()
        takes = inspect.signature(self.tokenizer.__call__).parameters
        if "xpaths" in takes:
            words = [text]  # a node of a page
            settings["xpaths"] = ["/html/body"]
        else:
            settings["boxes"] = [[0, 0, 0, 0]] * len(words)
        if "boxes" not in takes and "xpaths" not in takes:
            return dict(self.tokenizer(text, **settings))
        encoding = self.tokenizer(
            [words], **{n: [v] if isinstance(v, list) else v for n, v in settings.items()}
        )
        return {name: values[0] for name, values in encoding.items()}

    def make_fresh(self) -> Any:
        """Return a copy that has read nothing yet, and has the network's own weights."""
        weights = (*self.network.parameters(), *self.network.buffers())
        return copy.deepcopy(self.network, {id(tensor): tensor for tensor in weights})

    def compute_logits(self, ids: Sequence[int]) -> torch.Tensor:
        """Return the logits of subwords, read alone and at once, without those of special tokens.

        Shape: (n_subwords, n_tags).
        """
        end = len(self._template["input_ids"]) - self._n_after
        inputs = {}
        for name, values in self._template.items():
            if name not in self._takes or name not in _OF_TEXT:
                continue
            inside = list(ids) if name == "input_ids" else [values[self._n_before]] * len(ids)
            whole = [*values[: self._n_before], *inside, *values[end:]]
            inputs[name] = torch.tensor([whole])
        logits: torch.Tensor = self.make_fresh()(**inputs).logits[0]
        return logits[self._n_before : self._n_before + len(ids)]


def _find_part(whole: Sequence[int], part: Sequence[int]) -> int:
    for start in range(len(whole)):
        if list(whole[start : start + len(part)]) == list(part):
            return start
    raise AssertionError(f"{part} is no part of {whole}")


def load_ours(folder: Path, **settings: Any) -> HFTokenClassifier:
    """Return the model of a folder; it computes in float32 unless settings say otherwise."""
    exact = {"precision": "fp32", "mixed_precision": "none"}
    classifier = HFTokenClassifier(make_hf_model(Settings(str(folder), **{**exact, **settings})))
    classifier.load("auto")
    return classifier


def make_docs(texts: Sequence[str]) -> list[Doc]:
    """Return the Docs of texts."""
    nlp = spacy.blank("xx")
    return [nlp.make_doc(text) for text in texts]


def _get_checkpoint(ours: HFTokenClassifier) -> Checkpoint:
    checkpoint = ours.shim.checkpoint
    assert checkpoint is not None
    return checkpoint


def _lay_out(ours: HFTokenClassifier, docs: Sequence[Doc]) -> Layout:
    checkpoint = _get_checkpoint(ours)
    return lay_out(
        docs,
        checkpoint.tokenizer.encode(docs),
        ours.shim.reading,
        label_unit=ours.shim.settings.choose_label_unit(checkpoint),
    )


def _read(ours: HFTokenClassifier, docs: Sequence[Doc]) -> torch.Tensor:
    """Return the logits of the subwords of Docs, in windows and batches. (n_subwords, n_tags)."""
    checkpoint = _get_checkpoint(ours)
    engine = checkpoint.engine
    engine.prepare()
    with torch.inference_mode():
        return run_windows(engine, _lay_out(ours, docs), checkpoint, engine.budget)


def _assert_equal_rows(found: torch.Tensor, expected: torch.Tensor, what: str) -> None:
    difference = (found.log_softmax(-1) - expected.log_softmax(-1)).abs().max().item()
    largest = max(1.0, expected.abs().max().item())  # MobileBERT's logits go into the hundreds
    assert difference < TOLERANCE * largest, f"{what}: rows differ by {difference:.2g}"


def check_subwords(subject: Subject) -> None:
    """Texts have the family's own subwords."""
    docs = make_docs(TEXTS)
    encodings = _get_checkpoint(subject.ours).tokenizer.encode(docs)
    for text, encoding in zip(TEXTS, encodings, strict=True):
        ids = subject.own.read_ids(text)
        assert encoding.ids.tolist() == ids, f"{text!r}: {encoding.ids.tolist()} for {ids}"
        assert (encoding.end_char <= len(text)).all()


def check_rows(subject: Subject) -> None:
    """Rows are those of the family's own network, alone and among texts of other lengths."""
    docs = make_docs(TEXTS)
    alone = []
    for doc in docs:
        rows = _read(subject.ours, [doc])
        ids = _lay_out(subject.ours, [doc]).ids.tolist()
        if doc.text != "a":  # some networks cannot read one subword by themselves
            with torch.inference_mode():
                _assert_equal_rows(rows, subject.own.compute_logits(ids), f"{doc.text!r} alone")
        alone.append(rows)
    _assert_equal_rows(_read(subject.ours, docs), torch.cat(alone), "among others")
    for unit_rows in subject.ours.predict(docs):
        assert np.isfinite(unit_rows.rows).any(axis=1).all()


def check_windows(subject: Subject) -> None:
    """Rows of a long text are those of the windows that own them."""
    ours = load_ours(subject.source, window=24, overlap=6)
    docs = make_docs([LONG_TEXT, TEXT])
    layout = _lay_out(ours, docs)
    assert len(layout.windows) > len(docs)
    rows = _read(ours, docs)
    for window in layout.windows:
        with torch.inference_mode():
            expected = subject.own.compute_logits(layout.ids[window.start : window.end].tolist())
        owned = slice(window.owned_start, window.owned_end)
        inside = slice(window.owned_start - window.start, window.owned_end - window.start)
        _assert_equal_rows(rows[owned], expected[inside], f"window {window}")


def check_limit(subject: Subject) -> None:
    """The limit is what the network can read, and not less."""
    checkpoint = _get_checkpoint(subject.ours)
    limit = checkpoint.limits.max_subwords
    longest = limit + len(checkpoint.tokenizer.template)
    assert longest == subject.recipe.longest, f"reads {longest}, not {subject.recipe.longest}"
    if longest == UNLIMITED:
        return
    ours = load_ours(subject.source, window=limit, overlap=0)
    docs = make_docs([LONG_TEXT * 4])
    layout = _lay_out(ours, docs)
    assert max(len(window) for window in layout.windows) > limit - 30
    assert bool(torch.isfinite(_read(ours, docs)).all())


def check_training(subject: Subject) -> None:
    """In three steps of training gradients are those of the family's own network."""
    ours = load_ours(subject.source)
    own = subject.own
    trained = _get_checkpoint(ours).network
    docs = make_docs([text for text in TEXTS if text != "a"])
    random = np.random.default_rng(0)
    optimizer = Adam(1e-3)
    for step in range(3):
        own.network.load_state_dict(trained.state_dict())
        own.network.zero_grad()
        rows, backprop = ours.begin_update(docs)
        d_rows = []
        loss = torch.zeros(())
        for doc, unit_rows in zip(docs, rows, strict=True):
            layout = _lay_out(ours, [doc])
            owns = (layout.alignment.evidence >= 0) & ~layout.alignment.is_shared
            d_row = random.normal(size=unit_rows.rows.shape).astype(np.float32) * owns[:, None]
            log_probs = own.compute_logits(layout.ids.tolist()).log_softmax(-1)
            expected = log_probs[layout.alignment.evidence] * torch.from_numpy(owns[:, None])
            loss = loss + (expected * torch.from_numpy(d_row)).sum()
            d_rows.append(d_row)
        backprop(d_rows)
        loss.backward()  # type: ignore[no-untyped-call]
        _assert_equal_gradients(trained, own.network, f"step {step}")
        ours.finish_update(optimizer)


def _assert_equal_gradients(trained: torch.nn.Module, own: torch.nn.Module, what: str) -> None:
    expected = dict(own.named_parameters())
    norms = [p.grad.abs().max() for p in expected.values() if p.grad is not None]
    largest = float(torch.stack(norms).max())
    assert largest > 0.0
    for name, parameter in trained.named_parameters():
        own_gradient = expected[name].grad
        if parameter.grad is None or own_gradient is None:
            for gradient in (parameter.grad, own_gradient):
                is_zero = gradient is None or not bool(gradient.any())
                assert is_zero, f"{what}: {name} has a gradient on one side only"
            continue
        difference = float((parameter.grad - own_gradient).abs().max())
        assert difference < TOLERANCE * largest, f"{what}: {name} differs by {difference:.2g}"


def check_dropout(subject: Subject) -> None:
    """Wherever the network drops anything, it drops what training asks for."""
    ours = load_ours(subject.source)
    network = _get_checkpoint(ours).network
    set_dropout(network, 0.25)
    rates: list[float] = []
    with _record_dropout(rates):
        ours.shim(make_docs([TEXT]), True, dropout=0.25)
    wrong = {rate for rate in rates if rate not in {0.0, 0.25}}
    assert not wrong, f"drops {wrong} where training asks for 0.25"


@contextmanager
def _record_dropout(rates: list[float]) -> Iterator[None]:
    """Note the rate of every call of dropout in training."""
    plain = torch.nn.functional.dropout
    fused = torch.nn.functional.scaled_dot_product_attention

    def dropout(inputs: torch.Tensor, p: float = 0.5, *more: Any, **named: Any) -> Any:
        is_training = more[0] if more else named.get("training", True)
        if is_training:
            rates.append(p)
        return plain(inputs, p, *more, **named)

    def attention(*inputs: Any, **more: Any) -> Any:
        rates.append(more.get("dropout_p", 0.0))
        return fused(*inputs, **more)

    torch.nn.functional.dropout = dropout  # type: ignore[assignment]
    torch.nn.functional.scaled_dot_product_attention = attention
    try:
        yield
    finally:
        torch.nn.functional.dropout = plain
        torch.nn.functional.scaled_dot_product_attention = fused


def check_saving(subject: Subject) -> None:
    """What is saved we read again, and so does transformers."""
    folder = subject.folder / "saved"
    folder.mkdir()
    subject.ours.write(folder)
    docs = make_docs(TEXTS)
    expected = _read(subject.ours, docs)
    _assert_equal_rows(_read(load_ours(folder), docs), expected, "loaded by us")
    own = Own(folder, subject.recipe)
    ids = own.read_ids(TEXT)
    assert ids == subject.own.read_ids(TEXT), "transformers reads other subwords"
    with torch.inference_mode():
        logits = own.compute_logits(ids)
    _assert_equal_rows(logits, _read(subject.ours, docs[:1]), "loaded by transformers")


def check_bf16(subject: Subject) -> None:
    """Left alone, prediction and training work in the fastest type; one that is named may not."""
    docs = make_docs(TEXTS)
    exact = np.concatenate([rows.rows for rows in subject.ours.predict(docs)])
    ours = load_ours(subject.source, precision="auto", mixed_precision="auto")
    found = np.concatenate([rows.rows for rows in ours.predict(docs)])
    difference = np.abs(np.exp(found) - np.exp(exact)).mean()
    assert difference < 0.1, f"probabilities differ by {difference:.2g}"
    train_a_step(ours, docs)
    named = load_ours(subject.source, precision="bf16", mixed_precision="bf16")
    for use in (lambda: named.predict(docs), lambda: train_a_step(named, docs)):
        _allow_refusal(use, "bf16")


def train_a_step(ours: HFTokenClassifier, docs: Sequence[Doc]) -> None:
    rows, backprop = ours.begin_update(docs)
    backprop([np.where(np.isnan(r.rows), 0.0, 0.01).astype(np.float32) for r in rows])
    ours.finish_update(Adam(1e-3))
    for parameter in _get_checkpoint(ours).network.parameters():
        assert bool(torch.isfinite(parameter).all())


def _allow_refusal(use: Callable[[], object], word: str) -> None:
    """Do something that may be refused with a sentence that has a word."""
    refusal: str | None = None
    try:
        use()
    except HFNerError as error:
        refusal = str(error)
    if refusal is not None:
        assert word in refusal


def check_freezing(subject: Subject) -> None:
    """Embeddings and the lowest layer are frozen, nothing above; or all but the head."""
    below, above = _find_parameters_below(subject.own, subject.recipe.lowest_layer)
    frozen = load_ours(subject.source, frozen_layers=1)
    trains = {n: p.requires_grad for n, p in _get_checkpoint(frozen).network.named_parameters()}
    trained_below = [name for name in below if trains[name]]
    assert not trained_below, f"what lies below is trained: {trained_below[:3]}"
    frozen_above = [name for name in above if not trains[name]]
    assert not frozen_above, f"what lies above is frozen: {frozen_above[:3]}"
    train_a_step(frozen, make_docs(TEXTS))
    head_only = _get_checkpoint(load_ours(subject.source, frozen_layers=-1)).network
    trained = {id(p) for p in head_only.parameters() if p.requires_grad}
    assert trained
    assert not trained & {id(p) for p in head_only.base_model.parameters()}


def _find_parameters_below(own: "Own", lowest_layer: str | None) -> tuple[set[str], set[str]]:
    """Return what the output of the lowest layer depends on, and what else the logits depend on."""
    network = own.network
    used: list[set[str]] = []
    inputs = torch.tensor([own.read_ids(LONG_TEXT)[:40]])
    for part in ("lowest", "logits"):
        fresh = own.make_fresh()
        of_lowest: list[Any] = []
        if lowest_layer is not None:
            layer = fresh.get_submodule(lowest_layer)
            layer.register_forward_hook(lambda *call, seen=of_lowest: seen.append(call[-1]))
        network.zero_grad()
        outputs = fresh(input_ids=inputs, output_hidden_states=True)
        result = outputs.logits
        if part == "lowest":
            result = of_lowest[0] if lowest_layer else outputs.hidden_states[1]
        sum(tensor.pow(2).sum() for tensor in _flatten(result)).backward()
        used.append(
            {n for n, p in network.named_parameters() if p.grad is not None and p.grad.any()}
        )
    below, all_used = used
    return below, all_used - below


def _flatten(result: Any) -> Iterator[Any]:
    """Yield the tensors of what a module returns."""
    if isinstance(result, torch.Tensor):
        yield result
    elif isinstance(result, tuple):
        for part in result:
            yield from _flatten(part)


def check_new_head(subject: Subject) -> None:
    """A plain encoder gets a new head, and keeps its weights."""
    folder = make_family(subject.family, subject.folder / "encoder", encoder_only=True)
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": {"name": str(folder), "mixed_precision": "none"}})
    ner: Any = nlp.get_pipe("hf_ner")
    example = spacy.training.Example.from_dict(
        nlp.make_doc(TEXT), {"entities": [(0, 13, "PER"), (18, 26, "PER"), (30, 38, "LOC")]}
    )
    optimizer = nlp.initialize(lambda: [example])
    network = ner.classifier.shim.checkpoint.network
    stored = load_file(folder / "model.safetensors")
    weights = [t for t in stored.values() if t.ndim == 2 and t.is_floating_point()]
    loaded = {_fingerprint(p) for p in network.parameters()}
    kept = sum(_fingerprint(weight) in loaded for weight in weights)
    assert kept >= len(weights) / 3, f"{kept} of {len(weights)} weights were kept"
    assert np.isfinite(nlp.update([example], sgd=optimizer)["hf_ner"])
    nlp.to_disk(subject.folder / "pipeline")
    assert spacy.load(subject.folder / "pipeline")(TEXT).text == TEXT


def _fingerprint(weight: torch.Tensor) -> tuple[float, ...]:
    return tuple(weight.detach().flatten()[:4].tolist())


def check_onnx(subject: Subject) -> str | None:
    """The graph that the network is exported to is equal, or refused; returns why."""
    try:
        exported = export_checkpoint(_get_checkpoint(subject.ours))
    except HFNerError as error:
        return str(error)
    exported.engine.prepare()
    docs = make_docs(TEXTS)
    layout = _lay_out(subject.ours, docs)
    found = run_windows(exported.engine, layout, exported, exported.engine.budget)
    _assert_equal_rows(found, _read(subject.ours, docs), "the graph")
    return None


Check = Callable[[Subject], str | None]

CHECKS: tuple[Check, ...] = (
    check_subwords,
    check_rows,
    check_windows,
    check_limit,
    check_training,
    check_dropout,
    check_saving,
    check_bf16,
    check_freezing,
    check_new_head,
    check_onnx,
)
