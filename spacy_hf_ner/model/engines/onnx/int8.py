"""An ONNX graph in float32 to one whose linear layers multiply 8-bit integers.

Each row of activations, that is each subword, has a scale of its own, taken when it is read: so a
subword's logits do not depend on the texts that share its batch, an outlier spoils no other
subword, and no sample is needed to calibrate with. Weights have a scale for each column. The last
layer, attention and everything between stay in float32. With
``rows = row_scale * (integers - 128)`` and ``weights = scale * integers``, a layer is::

    rows @ weights = row_scale * ((integers - 128) @ integers) * scale

Behind an activation function that is never far below zero, half of the integers would be idle.
There a row is ``lowest + row_scale * integers``, and what ``lowest`` adds to each column of the
product is a constant.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spacy_hf_ner.core.arrays import Floats32
from spacy_hf_ner.errors import CheckpointError, MissingExtraError

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["quantize_graph"]

_RUNTIME_OPERATORS = "com.microsoft"  # the domain of ONNX Runtime's own

# Rows are unsigned, weights and embeddings signed: that is what CPUs multiply fastest.
_MAX_ROW = 255
_MIDDLE = 128  # the integer of zero, where values lie on both sides of it
_MAX_WEIGHT = 127

# The most that two neighbouring weights of a column add up to, 128 when rounded. CPUs without VNNI
# add the products of such two in 16 bits, which hold 255 * 128.5.
_MAX_NEIGHBOURS = 127

_TINY = np.float32(1e-10)  # the smallest scale: all values of a row may be 0
_LOWEST = {"Gelu": -0.17, "Relu": 0.0}  # what these operators give at least
_MATRIX_DIMS = 2

# A table of embeddings with fewer rows for each column is not worth a lookup of scales.
_MIN_ROWS_PER_COLUMN = 8


def quantize_graph(graph: bytes) -> bytes:
    """Return a graph with its linear layers, but for the last, and its embeddings in 8 bits.

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
            "no linear layer of this network can compute in 8 bits: export it without quantize.",
            settings=("quantize",),
        )
    nodes = list(quantizer.rewrite())
    used: set[str] = set()
    for node in nodes:
        used.update(node.input)
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
        self._matrices: dict[str, Any] = {}  # constants, by name
        for constant in graph.initializer:
            if len(constant.dims) == _MATRIX_DIMS:
                self._matrices[constant.name] = constant
        linear_layers: list[str] = []
        self._lowest: dict[str, float] = {}  # of the outputs of activation functions
        for node in graph.node:
            output = node.output[0]
            if node.op_type == "MatMul" and node.input[1] in self._matrices:
                linear_layers.append(output)
            if node.op_type in _LOWEST:
                self._lowest[output] = _LOWEST[node.op_type]
        self.layers = linear_layers[:-1]  # the last one makes the logits
        self._rows: dict[str, _Rows] = {}  # by the name of the activations
        self._constants: set[str] = set()
        self._one = self._add("int8.one", np.float32(1))
        self._tiny = self._add("int8.tiny", _TINY)
        self._last_axis = self._add("int8.last", np.array([-1]))

    def rewrite(self) -> Iterator[Any]:
        """Give the nodes of the graph, with quantized ones in place of some."""
        for node in self._graph.node:
            if node.output[0] in self.layers:
                yield from self._multiply(node)
            elif node.op_type == "Gather" and self._is_table(node.input[0]):
                yield from self._look_up(node)
            else:
                yield node

    def _multiply(self, node: Any) -> Iterator[Any]:  # noqa: ANN401 - onnx is not typed
        """Give a linear layer without its bias, as the module's docstring has it."""
        activations, weight = node.input
        output = node.output[0]
        if activations not in self._rows:
            yield from self._quantize_rows(activations)
        rows = self._rows[activations]
        integers, scale = self._store_layer(weight)
        product = f"{output}.product"
        inputs = [rows.integers, integers, self._one, scale, rows.zero]
        yield self._make("MatMulIntegerToFloat", inputs, product, domain=_RUNTIME_OPERATORS)
        if rows.lowest is None:
            yield self._make("Mul", [product, rows.scale], output)
        else:
            scaled = f"{output}.scaled"
            yield self._make("Mul", [product, rows.scale], scaled)
            yield self._make("Add", [scaled, self._store_shift(weight, rows.lowest)], output)

    def _quantize_rows(self, activations: str) -> Iterator[Any]:
        """Give the nodes that put each row in 8 bits: around zero, or above the lowest value.

        Around zero:      row / scale + 128,         scale = largest |value| / 127
        Above the lowest: (row - lowest) / scale,    scale = largest (value - lowest) / 255
        """
        lowest = self._lowest.get(activations)
        zero = _MIDDLE if lowest is None else 0
        rows = _Rows(
            integers=f"{activations}.integers",
            scale=f"{activations}.scale",
            zero=self._add(f"int8.zero.{zero}", np.uint8(zero)),
            lowest=lowest,
        )
        self._rows[activations] = rows
        distances = f"{activations}.distances"
        distance = f"{activations}.distance"
        step = f"{activations}.step"
        scaled = f"{activations}.scaled"
        share = self._add(f"int8.share.{zero}", np.float32(1 / (_MAX_ROW - zero)))
        if lowest is None:
            divided = activations
            yield self._make("Abs", [activations], distances)
        else:
            divided = distances
            lowest_name = self._add(f"int8.lowest.{lowest}", np.float32(lowest))
            yield self._make("Sub", [activations, lowest_name], distances)
        yield self._make("ReduceMax", [distances, self._last_axis], distance, keepdims=1)
        yield self._make("Mul", [distance, share], step)
        yield self._make("Max", [step, self._tiny], rows.scale)
        yield self._make("Div", [divided, rows.scale], scaled)
        yield self._make("QuantizeLinear", [scaled, self._one, rows.zero], rows.integers)

    def _is_table(self, name: str) -> bool:
        """Tell whether a constant is a table of embeddings that is worth 8 bits."""
        table = self._matrices.get(name)
        if table is None:
            return False
        n_rows, n_columns = table.dims
        return bool(n_rows >= _MIN_ROWS_PER_COLUMN * n_columns)

    def _look_up(self, node: Any) -> Iterator[Any]:  # noqa: ANN401 - onnx is not typed
        """Give a lookup in a table of embeddings in 8 bits, with a scale for each row."""
        table, indices = node.input
        output = node.output[0]
        integers, scale = self._store_table(table)
        found_integers = f"{output}.integers"
        found_floats = f"{output}.floats"
        found_scale = f"{output}.scale"
        to_float = self._onnx.TensorProto.FLOAT
        yield self._make("Gather", [integers, indices], found_integers)
        yield self._make("Cast", [found_integers], found_floats, to=to_float)
        yield self._make("Gather", [scale, indices], found_scale)
        yield self._make("Mul", [found_floats, found_scale], output)

    def _store_layer(self, name: str) -> tuple[str, str]:
        """Return the names of a layer's weights in 8 bits, and of the scales of their columns."""
        integers_name = f"{name}.integers"
        scale_name = f"{name}.scale"
        if integers_name not in self._constants:
            integers, scale = _quantize_columns(self._read(name))
            self._add(integers_name, integers)
            self._add(scale_name, scale)
        return integers_name, scale_name

    def _store_shift(self, name: str, lowest: float) -> str:
        """Return the name of what rows of one value each add to the columns of a layer's output."""
        integers, scale = _quantize_columns(self._read(name))
        column_sums = integers.sum(axis=0, dtype=np.float32)
        return self._add(f"{name}.shift.{lowest}", np.float32(lowest) * column_sums * scale)

    def _store_table(self, name: str) -> tuple[str, str]:
        """Return the names of a table of embeddings in 8 bits, and of the scales of its rows."""
        integers_name = f"{name}.integers"
        scale_name = f"{name}.scale"
        if integers_name not in self._constants:
            table = self._read(name)
            largest = np.abs(table).max(axis=1, keepdims=True)
            scale = np.maximum(largest / _MAX_WEIGHT, _TINY)
            self._add(integers_name, np.rint(table / scale).astype(np.int8))
            self._add(scale_name, scale)
        return integers_name, scale_name

    def _read(self, name: str) -> Floats32:
        matrix = self._onnx.numpy_helper.to_array(self._matrices[name])
        floats: Floats32 = matrix.astype(np.float32)
        return floats

    def _add(self, name: str, value: Any) -> str:  # noqa: ANN401 - an array or a scalar of numpy
        """Return the name of a constant, adding it if it is not there yet."""
        if name not in self._constants:
            self._constants.add(name)
            constant = self._onnx.numpy_helper.from_array(np.asarray(value), name)
            self._graph.initializer.append(constant)
        return name

    def _make(self, operator: str, inputs: list[str], output: str, **settings: Any) -> Any:  # noqa: ANN401 - onnx is not typed
        return self._onnx.helper.make_node(operator, inputs, [output], name=output, **settings)


def _quantize_columns(weights: Floats32) -> "tuple[npt.NDArray[np.int8], Floats32]":
    """Return weights in 8 bits, and the scale of each column.

    Shape: (n_inputs, n_outputs) of weights and integers, (n_outputs,) of scales.
    """
    neighbour_sums = np.abs(weights[1:] + weights[:-1]).max(axis=0, initial=0.0)
    # The larger scale of the two keeps both promises.
    for_neighbours = np.maximum(neighbour_sums / _MAX_NEIGHBOURS, _TINY)
    for_weights = np.abs(weights).max(axis=0) / _MAX_WEIGHT
    scale = np.maximum(for_weights, for_neighbours)
    return np.rint(weights / scale).astype(np.int8), scale
