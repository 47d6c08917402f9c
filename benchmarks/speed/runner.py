"""What a competitor has to do: texts in, entities out.

Nothing heavy is imported here, so that a process that measures a competitor's memory holds nothing
else.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

Device = Literal["cpu", "cuda"]
Kind = Literal["short", "documents"]
Entity = tuple[int, int, str]
"""First character, the character after the last one, and type."""
Found = list[list[Entity]] | None
"""The entities of each text; None where a competitor stops before it has any."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all competitors share in one run.

    Attributes:
        pipelines: The folders of saved pipelines: ``"ours"``, and what was made of it for others.
        device: Where networks run.
        batch_size: The batch size at which Hugging Face's pipeline is fastest on these texts.
    """

    pipelines: dict[str, str]
    device: Device
    batch_size: int = 1

    @property
    def checkpoint(self) -> str:
        """The folder of our pipeline's checkpoint, which everybody runs."""
        return str(Path(self.pipelines["ours"]) / "hf_ner" / "model")

    def to_json(self) -> dict[str, Any]:
        """Return the settings as keyword arguments."""
        return asdict(self)


class Meter(Protocol):
    """Adds up the time and the work of forward passes."""

    def start(self) -> None:
        """Begin a forward pass."""

    def stop(self) -> None:
        """End it."""

    def count(self, lengths: Sequence[int]) -> None:
        """Add its work; the lengths are those of its rows, without padding."""

    def watch(self, module: Any) -> AbstractContextManager[None]:  # noqa: ANN401 - torch is not imported here
        """Measure a network whenever it is called."""


class Runner:
    """One way to run the checkpoint, loaded and ready."""

    def prepare(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - each runner's own affair
        """Return what :meth:`run` takes.

        The clock does not run here: it is for those who get their ids ready.
        """
        return list(texts)

    def run(self, prepared: Any) -> Found:  # noqa: ANN401
        """Find the entities of the texts; this is what is timed."""
        raise NotImplementedError

    def metering(self, meter: Meter) -> AbstractContextManager[None] | None:  # noqa: ARG002 - subclasses use it
        """Have a meter watch the forward passes, or return None where that cannot be."""
        return None
