"""An ONNX graph in float32 to one whose linear layers multiply 8-bit integers.

Each row of activations, that is each subword, has a scale of its own, taken when it is read: so a subword's logits do
not depend on the texts that share its batch, an outlier spoils no other subword, and no sample is needed to calibrate
with. Weights have a scale for each column. The last layer, attention and everything between stay in float32.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from spacy_hf_ner.errors import MissingExtraError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

_RUNTIME_OPERATORS = "com.microsoft"  # the domain of ONNX Runtime's own
_MAX = 127  # of an 8-bit integer, used symmetrically
_ZERO = 128  # activations are stored unsigned around it: what CPUs multiply fastest with signed weights
_TINY = 1e-10  # the smallest scale: a row may be all zero
_MIN_ROWS_PER_COLUMN = 8  # a table of embeddings with fewer rows is not worth a lookup of scales


def quantize_graph(graph: bytes) -> bytes:
    """Return a graph with its linear layers, but for the last, and its large tables of embeddings in 8 bits.

    Raises:
        MissingExtraError: The library ``onnx`` is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("onnx", extra="onnx", purpose="quantizing a graph") from error
    model = onnx.load_from_string(graph)
    nodes = list(_Quantizer(onnx, model.graph).rewrite())
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
    """

    def __init__(self, onnx: Any, graph: Any) -> None:  # noqa: ANN401 - onnx is imported where it is needed
        self._onnx = onnx
        self._graph = graph
        self._matrices = {one.name: one for one in graph.initializer if len(one.dims) == 2}  # noqa: PLR2004
        self._layers = [n.output[0] for n in graph.node if n.op_type == "MatMul" and n.input[1] in self._matrices][:-1]
        self._rows: dict[str, tuple[str, str]] = {}  # of activations: their 8-bit rows, and the scales of these
        self._constants: set[str] = set()
        self._unit, self._zero = self._add("int8.unit", np.float32(1 / _MAX)), self._add("int8.zero", np.uint8(_ZERO))
        self._tiny, self._last = self._add("int8.tiny", np.float32(_TINY)), self._add("int8.last", np.array([-1]))

    def rewrite(self) -> Iterator[Any]:
        """Give the nodes of the graph, with those that are quantized in place of what they were."""
        for node in self._graph.node:
            if node.output[0] in self._layers:
                yield from self._multiply(node)
            elif node.op_type == "Gather" and self._is_table(node.input[0]):
                yield from self._look_up(node)
            else:
                yield node

    def _multiply(self, node: Any) -> Iterator[Any]:  # noqa: ANN401
        """Give a linear layer without its bias: ``(rows in 8 bits x weights in 8 bits) x scales of both``."""
        activations, weight = node.input
        if activations not in self._rows:
            yield from self._quantize_rows(activations)
        rows, row_scale = self._rows[activations]
        integers, scale = self._store(weight, axis=0)
        product = f"{node.output[0]}.product"
        inputs = [rows, integers, self._unit, scale, self._zero]
        yield self._make("MatMulIntegerToFloat", inputs, product, domain=_RUNTIME_OPERATORS)
        yield self._make("Mul", [product, row_scale], node.output[0])

    def _quantize_rows(self, activations: str) -> Iterator[Any]:
        """Give the nodes that divide each row by its largest absolute value and round it to 8 bits."""
        names = [f"{activations}.{step}" for step in ("absolute", "largest", "scale", "relative", "rows")]
        absolute, largest, scale, relative, rows = names
        self._rows[activations] = rows, scale
        yield self._make("Abs", [activations], absolute)
        yield self._make("ReduceMax", [absolute, self._last], largest, keepdims=1)
        yield self._make("Max", [largest, self._tiny], scale)
        yield self._make("Div", [activations, scale], relative)
        yield self._make("QuantizeLinear", [relative, self._unit, self._zero], rows)

    def _is_table(self, name: str) -> bool:
        table = self._matrices.get(name)
        return table is not None and table.dims[0] >= _MIN_ROWS_PER_COLUMN * table.dims[1]

    def _look_up(self, node: Any) -> Iterator[Any]:  # noqa: ANN401
        """Give a lookup in a table of embeddings in 8 bits, with a scale for each row."""
        table, indices = node.input
        integers, scale = self._store(table, axis=1)
        found = [f"{node.output[0]}.{step}" for step in ("integers", "floats", "scale")]
        yield self._make("Gather", [integers, indices], found[0])
        yield self._make("Cast", [found[0]], found[1], to=self._onnx.TensorProto.FLOAT)
        yield self._make("Gather", [scale, indices], found[2])
        yield self._make("Mul", [found[1], found[2]], node.output[0])

    def _store(self, name: str, *, axis: int) -> tuple[str, str]:
        """Return the names of a matrix in 8 bits and of its scales, which are taken along an axis."""
        integers, scale = f"{name}.integers", f"{name}.scale"
        if integers not in self._constants:
            matrix: Floats = self._onnx.numpy_helper.to_array(self._matrices[name])
            scales = np.maximum(np.abs(matrix).max(axis=axis, keepdims=axis == 1) / _MAX, np.float32(_TINY))
            self._add(integers, np.rint(matrix / scales).astype(np.int8))
            self._add(scale, scales.astype(np.float32))
        return integers, scale

    def _add(self, name: str, value: Any) -> str:  # noqa: ANN401 - an array or a scalar of numpy
        """Return the name of a constant, adding it if it is not there yet."""
        if name not in self._constants:
            self._constants.add(name)
            self._graph.initializer.append(self._onnx.numpy_helper.from_array(np.asarray(value), name))
        return name

    def _make(self, operator: str, inputs: list[str], output: str, **settings: Any) -> Any:  # noqa: ANN401
        return self._onnx.helper.make_node(operator, inputs, [output], name=output, **settings)
