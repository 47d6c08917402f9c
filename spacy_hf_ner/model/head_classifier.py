"""The model that puts a tag head on any layer with one vector per token.

Such a layer may be a listener to a shared encoder.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from safetensors.numpy import load_file, save_file
from spacy.tokens import Doc
from thinc.api import Linear, Model, chain, with_array

from spacy_hf_ner.core.arrays import Floats32
from spacy_hf_ner.core.labels import TagSet, read_labels
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.files import name_files, raise_os_errors
from spacy_hf_ner.model.notes import Notes, read_notes
from spacy_hf_ner.model.reading.units import pack_units
from spacy_hf_ner.model.token_classifier import TokenClassifier, TokenModel
from spacy_hf_ner.model.training.divergence import explain_divergence

__all__ = ["MODEL_NAME", "HeadTokenClassifier", "make_head_model"]

MODEL_NAME = "token_classifier"


def make_head_model(tok2vec: Model[Any, Any]) -> TokenModel:
    """Return the model that puts a tag head on any layer that gives one vector per token."""
    head: Model[Any, Any] = Linear()
    model: TokenModel = Model(
        MODEL_NAME,
        _forward,
        init=_init,
        layers=[chain(tok2vec, with_array(head))],
        refs={"tok2vec": tok2vec, "head": head},
        attrs={"labels": None, "scheme": None},
    )
    return model


def _forward(
    model: TokenModel,
    docs: list[Doc],
    is_train: bool,  # noqa: FBT001 - Thinc's signature
) -> tuple[list[UnitRows], Callable[[Sequence[Floats32]], Any]]:
    ops: Any = model.ops
    logits_by_token, backprop_logits = model.layers[0](docs, is_train)
    predicted: list[UnitRows] = []
    units_by_doc = pack_units(docs).by_doc
    for units, logits in zip(units_by_doc, logits_by_token, strict=True):
        unit_logits = ops.to_numpy(logits).astype(np.float32)[units.token_i]
        if is_train and np.isnan(unit_logits).any():
            raise explain_divergence(MODEL_NAME)
        log_total = np.logaddexp.reduce(unit_logits, axis=1, keepdims=True)
        predicted.append(UnitRows(unit_logits - log_total, units))

    def backprop(gradients: Sequence[Floats32]) -> Any:  # noqa: ANN401 - what the layer returns
        d_logits_by_token: list[Any] = []
        for doc, unit_rows, gradient in zip(docs, predicted, gradients, strict=True):
            # Rows are log-softmax of logits: dL/dlogit_k = g_k - p_k * (sum of g over all tags).
            probs = np.exp(unit_rows.rows)
            d_logits = np.zeros((len(doc), probs.shape[1]), dtype=np.float32)
            total = gradient.sum(axis=1, keepdims=True)
            d_logits[unit_rows.units.token_i] = gradient - probs * total
            d_logits_by_token.append(ops.asarray2f(d_logits))
        return backprop_logits(d_logits_by_token)

    return predicted, backprop


def _init(model: TokenModel, X: list[Doc] | None = None, Y: object = None) -> None:  # noqa: N803, ARG001 - Thinc's names
    model.layers[0].initialize(X)


class HeadTokenClassifier(TokenClassifier):
    """A tag head on a ``tok2vec`` layer, such as a listener to a shared encoder."""

    # As spaCy's own components, so that each has its say in what the encoder learns.
    reduction = "sum"

    @property
    def head(self) -> Model[Any, Any]:
        """The layer that makes the logits."""
        return self.model.get_ref("head")

    def check_name(self) -> None:
        """Check nothing: the encoder is another component's, and the head is made here."""

    def load(self, scheme: str) -> TagSet | None:
        """Return the tags: there is nothing to load."""
        return self.peek(scheme)

    def peek(self, scheme: str) -> TagSet | None:
        """Return the tags set so far."""
        labels = self.model.attrs["labels"]
        if labels is None:
            return None
        if scheme == "auto":
            scheme = self.model.attrs["scheme"]
        return read_labels(labels, scheme=scheme, as_they_are=True)

    def set_tags(self, tag_set: TagSet, *, scheme: str) -> None:  # noqa: ARG002 - nothing is loaded
        """Note the tags; rows of the head that is there already are kept."""
        known = self.peek("auto")  # in the scheme that they were set in
        if known is not None and self.head.has_param("W"):
            self._put_head(self._keep_rows(tag_set.columns_in(known)))
        else:
            self.head.set_dim("nO", len(tag_set), force=True)
        self.model.attrs["labels"] = list(tag_set.labels)
        self.model.attrs["scheme"] = tag_set.scheme.name

    def initialize(self, docs: list[Doc]) -> None:
        """Infer the width of the head from the layer below it."""
        self.model.initialize(X=docs)

    def write(self, folder: Path) -> None:
        """Write the head as safetensors, and the layer below unless another component saves it."""
        folder.mkdir(parents=True, exist_ok=True)
        Notes(self.model.attrs["scheme"], labels=self.model.attrs["labels"]).write(folder)
        if self.head.has_param("W"):
            with raise_os_errors():
                save_file(self._copy_weights(), folder / "head.safetensors")
        if not self.is_listener:
            (folder / "tok2vec").write_bytes(self.model.get_ref("tok2vec").to_bytes())

    def read(self, folder: Path, scheme: str) -> None:  # noqa: ARG002 - the tags are stored
        """Read the head, and the layer below if it was written."""
        notes = read_notes(folder, str(folder))
        if notes is None or (folder / "config.json").is_file():
            raise CheckpointError(
                f"{folder}: expected what the architecture spacy_hf_ner.TokenClassifier.v1 has "
                f"saved, found {name_files(folder)}. A checkpoint with a network belongs to "
                "spacy_hf_ner.HFTokenClassifier.v1: name the architecture in the config that the "
                "pipeline was saved with."
            )
        labels = notes.labels and list(notes.labels)
        self.model.attrs.update(labels=labels, scheme=notes.scheme)
        if (folder / "head.safetensors").is_file():
            self._put_head(load_file(folder / "head.safetensors"))
        if (folder / "tok2vec").is_file():
            self.model.get_ref("tok2vec").from_bytes((folder / "tok2vec").read_bytes())

    def _copy_weights(self) -> dict[str, Any]:
        """Return the weights of the head as arrays of numpy, by name."""
        ops = cast("Any", self.head.ops)
        weights: dict[str, Any] = {}
        for name in ("W", "b"):
            values = ops.to_numpy(self.head.get_param(name))
            weights[name] = np.ascontiguousarray(values)  # safetensors wants no views
        return weights

    def _keep_rows(self, old_columns: Sequence[int | None]) -> dict[str, Any]:
        """Return the weights of a head for other tags, with the rows of tags it has already.

        Args:
            old_columns: The column of each tag in the head as it is, or None for a new tag.
        """
        weights: dict[str, Any] = {}
        for name in ("W", "b"):
            old: Any = self.head.get_param(name)
            weights[name] = self.head.ops.alloc_f((len(old_columns), *old.shape[1:]))
            for row, old_row in enumerate(old_columns):
                if old_row is not None:
                    weights[name][row] = old[old_row]
        return weights

    def _put_head(self, weights: Mapping[str, Any]) -> None:
        """Put a new head in place of the old one.

        Thinc's layers keep the dimensions of their first weights, so the old one cannot be resized.
        """
        n_tags, width = weights["W"].shape
        head: Model[Any, Any] = Linear(n_tags, width)
        ops = cast("Any", head.ops)
        for name, values in weights.items():
            head.set_param(name, ops.asarray(values))
        self.model.layers[0] = chain(self.model.get_ref("tok2vec"), with_array(head))
        self.model.set_ref("head", head)
