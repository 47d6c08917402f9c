"""A network that was exported to ONNX, as a file in a checkpoint folder."""

from dataclasses import dataclass
from pathlib import Path

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.engines.base import WeightsSource
from spacy_hf_ner.model.files import list_files
from spacy_hf_ner.model.notes import is_saved_model_file
from spacy_hf_ner.model.reading.limits import Limits

__all__ = ["FP32_FILE", "INT8_FILE", "OnnxGraph", "is_saved_graph", "read_graph"]

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
        """Write the graph and config.json."""
        (folder / "config.json").write_bytes(self.config)
        (folder / self.file_name).write_bytes(self.content)


def read_graph(source: WeightsSource) -> OnnxGraph:
    """Return the graph in a checkpoint folder.

    With the precision ``"auto"`` that is the one in 8 bits, if there is such a one.

    Raises:
        CheckpointError: There is no graph of that precision, or another program made it.
    """
    folder = source.folder
    file_names = (FP32_FILE,) if source.precision == "fp32" else (INT8_FILE, FP32_FILE)
    files = list_files(folder)
    found = [name for name in file_names if folder / name in files]
    if not found or source.limits is None:
        raise CheckpointError(
            f'{source.name}: backend = "onnx" with precision = "{source.precision}" expects '
            f"{' or '.join(file_names)} in {folder}, written by this package; found "
            f"{_name_graphs(folder)}. Make it with "
            "`python -m spacy hf-ner export-onnx MODEL OUTPUT`.",
            settings=("backend", "precision"),
        )
    file_name = found[0]
    return OnnxGraph(
        file_name,
        content=(folder / file_name).read_bytes(),
        config=(folder / "config.json").read_bytes(),
        limits=source.limits,
    )


def is_saved_graph(path: Path) -> bool:
    """Tell whether a file is a graph of this package, which another takes the place of.

    Weights for PyTorch that lie beside it stay, where a network is exported into its own folder.
    """
    return is_saved_model_file(path) and path.name in {FP32_FILE, INT8_FILE}


def _name_graphs(folder: Path) -> str:
    file_names = sorted(path.name for path in folder.glob("*.onnx"))
    return ", ".join(file_names) or "none"
