"""Who takes part. To add a variant of ours, add a line to ``COMPETITORS``.

Libraries are imported when a competitor is loaded, so that each can be measured in a process of its
own.
"""

import importlib.util
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from unittest import mock

from speed.by_hand import load_prototype, load_raw
from speed.runner import Device, Entity, Found, Kind, Meter, Runner, Setting

HFT = "spacy_huggingface_pipelines"
STRIDE = 16  # what hf_token_pipe takes: subwords that its windows share


@dataclass(frozen=True, slots=True)
class Competitor:
    """One way to run the checkpoint.

    Attributes:
        name: What the tables call it.
        role: ``"ours"``, a ``"peer"``, or a ``"reference"``: a part of the way, or code that nobody
            maintains.
        load: Makes it ready.
        modules: What it needs besides spaCy and transformers.
        pipeline: The pipeline that it runs, or whose checkpoint.
        kinds: The texts for which it makes sense.
        devices: Where it makes sense.
        has_f1: Whether its entities mean anything.
        precision: What its network computes in: the name of a torch type, ``"auto"``, or another
            word.
    """

    name: str
    role: Literal["ours", "peer", "reference"]
    load: Callable[[Setting], Runner]
    modules: tuple[str, ...] = ()
    pipeline: str = "ours"
    kinds: tuple[Kind, ...] = ("short", "documents")
    devices: tuple[Device, ...] = ("cpu", "cuda")
    has_f1: bool = True
    precision: str = "float32"

    def explain_absence(self, setting: Setting) -> str | None:
        """Return why it cannot take part, or None."""
        if setting.device not in self.devices:
            return f"is not for {setting.device}"
        if absent := [
            module for module in self.modules if importlib.util.find_spec(module) is None
        ]:
            return f"needs {', '.join(absent)}"
        return None if self.pipeline in setting.pipelines else "has no pipeline"

    def find_dtype(self, setting: Setting) -> str:
        """Return what its network computes in on this machine."""
        if self.precision != "auto":
            return self.precision
        import torch

        from spacy_hf_ner.model.engines.precision import resolve_precision

        dtype = resolve_precision("auto", torch.device(setting.device)) or torch.float32
        return str(dtype).removeprefix("torch.")


class PipelineRunner(Runner):
    """A spaCy pipeline: texts to ``doc.ents``."""

    def __init__(self, nlp: Any, network: Any = None) -> None:  # noqa: ANN401
        self._nlp = nlp
        self._network = network

    def run(self, prepared: list[str]) -> Found:
        """Find the entities as a user would: one text by a call, several by ``nlp.pipe``."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # hf_token_pipe tells of each entity that it drops
            docs = [self._nlp(prepared[0])] if len(prepared) == 1 else self._nlp.pipe(prepared)
            return [
                [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents] for doc in docs
            ]

    def metering(self, meter: Meter) -> AbstractContextManager[None] | None:
        """Watch the network, if it is known."""
        return None if self._network is None else meter.watch(self._network)


class OurRunner(PipelineRunner):
    """Our pipeline."""

    def metering(self, meter: Meter) -> AbstractContextManager[None]:
        """Watch the backend, whichever it is."""
        return _watch_backend(meter)


class HuggingFaceRunner(Runner):
    """Hugging Face's own pipeline: texts to entities, without a Doc."""

    def __init__(self, hf_pipeline: Any, batch_size: int) -> None:  # noqa: ANN401
        self._pipeline = hf_pipeline
        self.batch_size = batch_size

    def run(self, prepared: list[str]) -> Found:
        """Find the entities."""
        output = self._pipeline(prepared, batch_size=self.batch_size)
        return [[_read_entity(raw) for raw in entities] for entities in output]

    def metering(self, meter: Meter) -> AbstractContextManager[None]:
        """Watch the network."""
        return meter.watch(self._pipeline.model)


def load_hf_token_pipe(
    setting: Setting, *, at_its_best: bool = False, dtype: str | None = None
) -> Runner:
    """Return spacy-huggingface-pipelines.

    Args:
        setting: What all share.
        at_its_best: With its best batch size, and the way of joining subwords that our checkpoints
            are trained for.
        dtype: The type of the weights; None for float32.
    """
    import spacy

    config: dict[str, Any] = {"model": setting.checkpoint, "kwargs": _name_dtype(dtype)}
    if at_its_best:
        config["aggregation_strategy"] = "first"
        config["kwargs"]["batch_size"] = setting.batch_size
    nlp = spacy.blank("en")
    pipe: Any = nlp.add_pipe("hf_token_pipe", config=config)
    return PipelineRunner(nlp, pipe.hf_pipeline.model)


def load_hugging_face(setting: Setting, *, dtype: str | None = None) -> HuggingFaceRunner:
    """Return Hugging Face's pipeline with windows, so that long documents are read to their end."""
    from transformers.pipelines import pipeline

    make: Any = pipeline
    hf_pipeline = make(
        "token-classification",
        model=setting.checkpoint,
        aggregation_strategy="first",
        stride=STRIDE,
        device=0 if setting.device == "cuda" else -1,
        **_name_dtype(dtype),
    )
    return HuggingFaceRunner(hf_pipeline, setting.batch_size)


def load_transition(setting: Setting) -> Runner:
    """Return spacy-transformers with spaCy's transition-based ner."""
    import spacy

    return PipelineRunner(spacy.load(setting.pipelines["transition"]))


def load_ours(setting: Setting, pipeline: str = "ours", **model: str) -> Runner:
    """Return our pipeline, or one made of it, with some settings of its model."""
    import spacy

    overrides = {f"components.hf_ner.model.{name}": value for name, value in model.items()}
    return OurRunner(spacy.load(setting.pipelines[pipeline], config=overrides))


COMPETITORS = (
    Competitor("hf_token_pipe", "peer", load_hf_token_pipe, modules=(HFT,)),
    Competitor(
        "hf_token_pipe, best batch",
        "peer",
        partial(load_hf_token_pipe, at_its_best=True),
        modules=(HFT,),
    ),
    Competitor("HF pipeline, best batch", "peer", load_hugging_face),
    Competitor(
        "HF pipeline, best batch, fp16",
        "peer",
        partial(load_hugging_face, dtype="float16"),
        devices=("cuda",),
        precision="float16",
    ),
    Competitor(
        "spacy-transformers + ner",
        "peer",
        load_transition,
        modules=("spacy_transformers",),
        pipeline="transition",
        has_f1=False,
    ),
    Competitor("raw forward, fp32", "reference", load_raw, has_f1=False),
    Competitor(
        "raw forward, fp32, our windows",
        "reference",
        partial(load_raw, our_windows=True),
        kinds=("documents",),
        has_f1=False,
    ),
    Competitor("by hand, bf16", "reference", load_prototype, precision="bfloat16"),
    Competitor("hf_ner, fp32", "ours", partial(load_ours, precision="fp32")),
    Competitor("hf_ner, auto", "ours", load_ours, precision="auto"),
    Competitor(
        "hf_ner, int8",
        "ours",
        partial(load_ours, precision="int8"),
        devices=("cpu",),
        precision="int8",
    ),
    Competitor(
        "hf_ner, fp16",
        "ours",
        partial(load_ours, precision="fp16"),
        devices=("cuda",),
        precision="float16",
    ),
    Competitor(
        "hf_ner, ONNX fp32",
        "ours",
        partial(load_ours, pipeline="onnx", backend="onnx"),
        modules=("onnxruntime",),
        pipeline="onnx",
        devices=("cpu",),
    ),
    Competitor(
        "hf_ner, ONNX int8",
        "ours",
        partial(load_ours, pipeline="onnx_int8", backend="onnx"),
        modules=("onnxruntime",),
        pipeline="onnx_int8",
        devices=("cpu",),
        precision="int8",
    ),
)
BASELINE = COMPETITORS[0].name


def find_competitor(name: str) -> Competitor:
    """Return the competitor of a name."""
    return next(competitor for competitor in COMPETITORS if competitor.name == name)


@contextmanager
def _watch_backend(meter: Meter) -> Iterator[None]:
    """Have a meter watch whatever backend our windows go through."""
    from spacy_hf_ner.model import shim

    run_windows: Any = vars(shim)["run_windows"]

    class Watched:
        def __init__(self, backend: Any) -> None:  # noqa: ANN401
            self._backend = backend

        def run(self, batch: Any) -> Any:  # noqa: ANN401
            meter.start()
            logits = self._backend.run(batch)
            meter.stop()
            meter.count(batch.mask.sum(axis=1).tolist())
            return logits

    def run_watched(backend: Any, *args: Any, **settings: Any) -> Any:  # noqa: ANN401
        return run_windows(Watched(backend), *args, **settings)

    with mock.patch.object(shim, "run_windows", run_watched):
        yield


def _name_dtype(dtype: str | None) -> dict[str, Any]:
    """Return the argument that sets the type of the weights, which transformers 5 has renamed."""
    import transformers

    name = "dtype" if int(transformers.__version__.split(".")[0]) >= 5 else "torch_dtype"  # noqa: PLR2004
    return {} if dtype is None else {name: dtype}


def _read_entity(raw: dict[str, Any]) -> Entity:
    return int(raw["start"]), int(raw["end"]), str(raw["entity_group"])
