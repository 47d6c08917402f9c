"""An ONNX graph in float32 to one whose linear layers multiply 8-bit integers.

Each row of activations, that is each subword, has a lowest value and a range of its own, taken when it is read: so a
subword's logits do not depend on the texts that share its batch, an outlier spoils no other subword, and no sample is
needed to calibrate with. Weights have a scale for each column. The last layer, attention and everything between stay in
float32. With ``rows = lowest + range / 255 * integers`` and ``weights = scale * integers``, a layer is::

    rows @ weights = range * (integers @ integers) * scale / 255 + lowest * (the sums of the columns of weights)
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from spacy_hf_ner.errors import CheckpointError, MissingExtraError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

_RUNTIME_OPERATORS = "com.microsoft"  # the domain of ONNX Runtime's own
_MAX_ROW = 255  # rows are unsigned, weights and embeddings signed: what CPUs multiply fastest
_MAX_WEIGHT = 127
_MAX_NEIGHBOURS = 127  # of two weights' sum, 128 when rounded: CPUs without VNNI add such products in 16 bits
_TINY = np.float32(1e-10)  # the smallest scale or range: all values of a row may be the same
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
        raise CheckpointError("no linear layer of this network can compute in 8 bits: export it without quantize.")
    nodes = list(quantizer.rewrite())
    used = {name for node in nodes for name in node.input}
    constants = [constant for constant in model.graph.initializer if constant.name in used]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(constants)
    model.opset_import.append(onnx.helper.make_opsetid(_RUNTIME_OPERATORS, 1))
    quantized: bytes = model.SerializeToString()
    return quantized


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
        self.layers = [n.output[0] for n in graph.node if n.op_type == "MatMul" and n.input[1] in self._matrices][:-1]
        self._rows: dict[str, tuple[str, str, str]] = {}  # of activations: in 8 bits, their ranges, their lowest values
        self._constants: set[str] = set()
        self._unit, self._zero = self._add("int8.unit", np.float32(1 / _MAX_ROW)), self._add("int8.zero", np.uint8(0))
        self._tiny, self._last = self._add("int8.tiny", np.float32(_TINY)), self._add("int8.last", np.array([-1]))

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
        rows, spread, lowest = self._rows[activations]
        integers, scale, sums = self._store_layer(weight)
        product, ranged, shift = (f"{node.output[0]}.{step}" for step in ("product", "ranged", "shift"))
        inputs = [rows, integers, self._unit, scale, self._zero]
        yield self._make("MatMulIntegerToFloat", inputs, product, domain=_RUNTIME_OPERATORS)
        yield self._make("Mul", [product, spread], ranged)
        yield self._make("Mul", [lowest, sums], shift)
        yield self._make("Add", [ranged, shift], node.output[0])

    def _quantize_rows(self, activations: str) -> Iterator[Any]:
        """Give the nodes that put each row between its lowest and its highest value in 8 bits."""
        steps = ("rows", "spread", "lowest", "highest", "difference", "distance", "share")
        rows, spread, lowest, highest, difference, distance, share = (f"{activations}.{step}" for step in steps)
        self._rows[activations] = rows, spread, lowest
        yield self._make("ReduceMax", [activations, self._last], highest, keepdims=1)
        yield self._make("ReduceMin", [activations, self._last], lowest, keepdims=1)
        yield self._make("Sub", [highest, lowest], difference)
        yield self._make("Max", [difference, self._tiny], spread)
        yield self._make("Sub", [activations, lowest], distance)
        yield self._make("Div", [distance, spread], share)
        yield self._make("QuantizeLinear", [share, self._unit, self._zero], rows)

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

    def _store_layer(self, name: str) -> tuple[str, str, str]:
        """Return the names of a layer's weights in 8 bits, of their scales and of their sums, both of each column."""
        names = f"{name}.integers", f"{name}.scale", f"{name}.sums"
        if names[0] not in self._constants:
            weights = self._read(name)
            neighbours = np.abs(weights[1:] + weights[:-1]).max(axis=0, initial=0.0) / _MAX_NEIGHBOURS
            scale = np.maximum(np.abs(weights).max(axis=0) / _MAX_WEIGHT, np.maximum(neighbours, _TINY))
            integers = np.rint(weights / scale)
            self._add(names[0], integers.astype(np.int8))
            self._add(names[1], scale)
            self._add(names[2], integers.sum(axis=0) * scale)
        return names

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
            self._graph.initializer.append(self._onnx.numpy_helper.from_array(np.asarray(value), name))
        return name

    def _make(self, operator: str, inputs: list[str], output: str, **settings: Any) -> Any:  # noqa: ANN401
        return self._onnx.helper.make_node(operator, inputs, [output], name=output, **settings)
