"""A network that was exported to ONNX, as a file: it predicts, and cannot be trained."""

from dataclasses import dataclass
from pathlib import Path

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.engines.torch_engine import Precision
from spacy_hf_ner.model.reading.limits import Limits

FP32_FILE = "model.onnx"
INT8_FILE = "model_int8.onnx"


@dataclass(frozen=True, slots=True)
class OnnxGraph:
    """A network that was exported to ONNX.

    Attributes:
        file_name: What its file is called in a checkpoint folder.
        content: That file.
        config: The config.json of the network that it was.
        limits: What it can read.
    """

    file_name: str
    content: bytes
    config: bytes
    limits: Limits

    @property
    def is_int8(self) -> bool:
        """Whether its layers compute in 8 bits."""
        return self.file_name == INT8_FILE

    def write(self, folder: Path) -> None:
        """Write the graph and config.json; a graph in the other precision would be outdated, and goes."""
        (folder / "config.json").write_bytes(self.config)
        (folder / self.file_name).write_bytes(self.content)
        (folder / (FP32_FILE if self.is_int8 else INT8_FILE)).unlink(missing_ok=True)


def read_graph(
    folder: Path, called: str, *, precision: Precision, limits: Limits | None
) -> OnnxGraph:
    """Return the graph in a checkpoint folder: in 8 bits if there is such a one and the precision is ``"auto"``.

    Args:
        folder: The folder.
        called: What to call it in messages.
        precision: The precision that the config asks for.
        limits: What is stored with the checkpoint of what the network can read.

    Raises:
        CheckpointError: There is no graph of that precision, or it was made by another program.
    """
    wanted = (FP32_FILE,) if precision == "fp32" else (INT8_FILE, FP32_FILE)
    file_name = next((name for name in wanted if (folder / name).is_file()), None)
    if file_name is None or limits is None:
        found = ", ".join(sorted(path.name for path in folder.glob("*.onnx"))) or "none"
        raise CheckpointError(
            f'{called}: backend = "onnx" with precision = "{precision}" expects {" or ".join(wanted)} in {folder}, '
            f"written by this package; found {found}. Make it with `python -m spacy hf-ner export-onnx MODEL OUTPUT`."
        )
    return OnnxGraph(
        file_name, (folder / file_name).read_bytes(), (folder / "config.json").read_bytes(), limits
    )
