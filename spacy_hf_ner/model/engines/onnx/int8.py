"""An ONNX graph in float32 to one whose linear layers multiply 8-bit integers.

Each row of activations, that is each subword, has a scale of its own, taken when it is read: so a subword's logits do
not depend on the texts that share its batch, an outlier spoils no other subword, and no sample is needed to calibrate
with. Weights have a scale for each column. The last layer, attention and everything between stay in float32. With
``rows = row_scale * (integers - 128)`` and ``weights = scale * integers``, a layer is::

    rows @ weights = row_scale * ((integers - 128) @ integers) * scale

Behind an activation function that is never far below zero, half of the integers would be idle. There a row is
``lowest + row_scale * integers``, and what ``lowest`` adds to each column of the product is a constant.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spacy_hf_ner.errors import CheckpointError, MissingExtraError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

_RUNTIME_OPERATORS = "com.microsoft"  # the domain of ONNX Runtime's own
_MAX_ROW = 255  # rows are unsigned, weights and embeddings signed: what CPUs multiply fastest
_MIDDLE = 128  # what stands for zero, where values lie on both sides of it
_MAX_WEIGHT = 127
_MAX_NEIGHBOURS = (
    127  # of two weights' sum, 128 when rounded: CPUs without VNNI add such products in 16 bits
)
_TINY = np.float32(1e-10)  # the smallest scale: all values of a row may be 0
_LOWEST = {"Gelu": -0.17, "Relu": 0.0}  # what these operators give at least
_MIN_ROWS_PER_COLUMN = 8  # a table of embeddings with fewer rows is not worth a lookup of scales


def quantize_graph(graph: bytes) -> bytes:
    """Return a graph with its linear layers, but for the last, and its large tables of embeddings in 8 bits.

    Raises:
        CheckpointError: There are no such layers.
        MissingExtraError: The library ``onnx`` is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("onnx", extra="onnx", purpose="quantizing a graph") from error
    model = onnx.load_from_string(graph)
    quantizer = _Quantizer(onnx, model.graph)
    if not quantizer.layers:
        raise CheckpointError(
            "no linear layer of this network can compute in 8 bits: export it without quantize."
        )
    nodes = list(quantizer.rewrite())
    used = {name for node in nodes for name in node.input}
    constants = [constant for constant in model.graph.initializer if constant.name in used]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(constants)
    model.opset_import.append(onnx.helper.make_opsetid(_RUNTIME_OPERATORS, 1))
    quantized: bytes = model.SerializeToString()
    return quantized


class _Rows(NamedTuple):
    """Activations in 8 bits, by the names of what they are made of.

    Attributes:
        integers: The rows in 8 bits.
        scale: The scale of each row.
        zero: The integer that stands for zero, or for `lowest`.
        lowest: What no value is far below, or None.
    """

    integers: str
    scale: str
    zero: str
    lowest: float | None


class _Quantizer:
    """Rewrites the nodes of one graph.

    Args:
        onnx: The library, which is optional.
        graph: The graph; constants are added to it.

    Attributes:
        layers: The outputs of the linear layers that are quantized.
    """

    def __init__(self, onnx: Any, graph: Any) -> None:  # noqa: ANN401 - onnx is imported where it is needed
        self._onnx = onnx
        self._graph = graph
        self._matrices = {one.name: one for one in graph.initializer if len(one.dims) == 2}  # noqa: PLR2004
        self.layers = [
            n.output[0]
            for n in graph.node
            if n.op_type == "MatMul" and n.input[1] in self._matrices
        ][:-1]
        self._lowest = {n.output[0]: _LOWEST[n.op_type] for n in graph.node if n.op_type in _LOWEST}
        self._rows: dict[str, _Rows] = {}  # of activations
        self._constants: set[str] = set()
        self._one, self._tiny = (
            self._add("int8.one", np.float32(1)),
            self._add("int8.tiny", np.float32(_TINY)),
        )
        self._last = self._add("int8.last", np.array([-1]))

    def rewrite(self) -> Iterator[Any]:
        """Give the nodes of the graph, with those that are quantized in place of what they were."""
        for node in self._graph.node:
            if node.output[0] in self.layers:
                yield from self._multiply(node)
            elif node.op_type == "Gather" and self._is_table(node.input[0]):
                yield from self._look_up(node)
            else:
                yield node

    def _multiply(self, node: Any) -> Iterator[Any]:  # noqa: ANN401
        """Give a linear layer without its bias, as the module's docstring has it."""
        activations, weight = node.input
        if activations not in self._rows:
            yield from self._quantize_rows(activations)
        rows = self._rows[activations]
        integers, scale = self._store_layer(weight)
        product, scaled = (f"{node.output[0]}.{step}" for step in ("product", "scaled"))
        inputs = [rows.integers, integers, self._one, scale, rows.zero]
        yield self._make("MatMulIntegerToFloat", inputs, product, domain=_RUNTIME_OPERATORS)
        if rows.lowest is None:
            yield self._make("Mul", [product, rows.scale], node.output[0])
        else:
            yield self._make("Mul", [product, rows.scale], scaled)
            yield self._make(
                "Add", [scaled, self._store_shift(weight, rows.lowest)], node.output[0]
            )

    def _quantize_rows(self, activations: str) -> Iterator[Any]:
        """Give the nodes that put each row in 8 bits: around zero, or above what an activation function gives."""
        steps = ("integers", "scale", "distances", "distance", "step", "scaled")
        integers, scale, distances, distance, step, scaled = (
            f"{activations}.{step}" for step in steps
        )
        lowest = self._lowest.get(activations)
        zero = _MIDDLE if lowest is None else 0
        self._rows[activations] = _Rows(
            integers, scale, self._add(f"int8.zero.{zero}", np.uint8(zero)), lowest
        )
        share = self._add(f"int8.share.{zero}", np.float32(1 / (_MAX_ROW - zero)))
        if lowest is None:
            yield self._make("Abs", [activations], distances)
        else:
            yield self._make(
                "Sub",
                [activations, self._add(f"int8.lowest.{lowest}", np.float32(lowest))],
                distances,
            )
        yield self._make("ReduceMax", [distances, self._last], distance, keepdims=1)
        yield self._make("Mul", [distance, share], step)
        yield self._make("Max", [step, self._tiny], scale)
        yield self._make("Div", [activations if lowest is None else distances, scale], scaled)
        yield self._make(
            "QuantizeLinear", [scaled, self._one, self._rows[activations].zero], integers
        )

    def _is_table(self, name: str) -> bool:
        table = self._matrices.get(name)
        return table is not None and table.dims[0] >= _MIN_ROWS_PER_COLUMN * table.dims[1]

    def _look_up(self, node: Any) -> Iterator[Any]:  # noqa: ANN401
        """Give a lookup in a table of embeddings in 8 bits, with a scale for each row."""
        table, indices = node.input
        integers, scale = self._store_table(table)
        found = [f"{node.output[0]}.{step}" for step in ("integers", "floats", "scale")]
        yield self._make("Gather", [integers, indices], found[0])
        yield self._make("Cast", [found[0]], found[1], to=self._onnx.TensorProto.FLOAT)
        yield self._make("Gather", [scale, indices], found[2])
        yield self._make("Mul", [found[1], found[2]], node.output[0])

    def _store_layer(self, name: str) -> tuple[str, str]:
        """Return the names of a layer's weights in 8 bits, and of the scales of their columns."""
        names = f"{name}.integers", f"{name}.scale"
        if names[0] not in self._constants:
            integers, scale = _quantize_columns(self._read(name))
            self._add(names[0], integers)
            self._add(names[1], scale)
        return names

    def _store_shift(self, name: str, lowest: float) -> str:
        """Return the name of what a value that is the same in all of a row adds to each column of a layer's output."""
        integers, scale = _quantize_columns(self._read(name))
        return self._add(
            f"{name}.shift.{lowest}",
            np.float32(lowest) * integers.sum(axis=0, dtype=np.float32) * scale,
        )

    def _store_table(self, name: str) -> tuple[str, str]:
        """Return the names of a table of embeddings in 8 bits, and of the scales of its rows."""
        names = f"{name}.integers", f"{name}.scale"
        if names[0] not in self._constants:
            table = self._read(name)
            scale = np.maximum(np.abs(table).max(axis=1, keepdims=True) / _MAX_WEIGHT, _TINY)
            self._add(names[0], np.rint(table / scale).astype(np.int8))
            self._add(names[1], scale)
        return names

    def _read(self, name: str) -> "Floats":
        matrix: Floats = self._onnx.numpy_helper.to_array(self._matrices[name]).astype(np.float32)
        return matrix

    def _add(self, name: str, value: Any) -> str:  # noqa: ANN401 - an array or a scalar of numpy
        """Return the name of a constant, adding it if it is not there yet."""
        if name not in self._constants:
            self._constants.add(name)
            self._graph.initializer.append(
                self._onnx.numpy_helper.from_array(np.asarray(value), name)
            )
        return name

    def _make(self, operator: str, inputs: list[str], output: str, **settings: Any) -> Any:  # noqa: ANN401
        return self._onnx.helper.make_node(operator, inputs, [output], name=output, **settings)


def _quantize_columns(weights: "Floats") -> "tuple[npt.NDArray[np.int8], Floats]":
    """Return weights in 8 bits and the scale of each column. Shapes: (n_inputs, n_outputs) and (n_outputs,)."""
    neighbours = np.abs(weights[1:] + weights[:-1]).max(axis=0, initial=0.0) / _MAX_NEIGHBOURS
    scale = np.maximum(np.abs(weights).max(axis=0) / _MAX_WEIGHT, np.maximum(neighbours, _TINY))
    return np.rint(weights / scale).astype(np.int8), scale
