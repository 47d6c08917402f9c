"""``python -m spacy hf-ner export-onnx``: a pipeline whose hf_ner predicts with ONNX Runtime."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from spacy.cli._util import import_code
from spacy.language import Language
from spacy.util import load_config

from spacy_hf_ner.cards.sealing import keep_edited_cards
from spacy_hf_ner.cli import options
from spacy_hf_ner.cli.flags import write_flags
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.core.outputs import PIPELINE_FILE, check_output, replace_pipeline
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.gold_data import read_gold_docs
from spacy_hf_ner.evaluation.pipelines import load_pipeline
from spacy_hf_ner.evaluation.prediction import prepare_docs

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from spacy_hf_ner.pipe.exporting import OnnxExport
    from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

__all__ = ["EXAMPLE", "export_onnx_command", "export_pipeline"]

EXAMPLE = "training/model-best onnx --quantize int8 --sample dev.spacy"


Quantize = Annotated[
    str | None,
    typer.Option("--quantize", "-q", help='"int8": linear layers compute in 8 bits.'),
]
Sample = Annotated[
    Path | None,
    typer.Option(
        "--sample",
        "-s",
        help="Texts to compare int8 and fp32 on: .spacy, or any corpus.",
        exists=True,
    ),
]
MinAgreement = Annotated[
    float | None,
    typer.Option(
        "--min-agreement",
        help="Least F1 of int8's entities against fp32's (0.98); below it fp32 stays.",
    ),
]


def export_onnx_command(
    model: options.Model,
    output: Annotated[
        Path, typer.Argument(help="Folder for the pipeline that predicts with ONNX Runtime.")
    ],
    *,
    quantize: Quantize = None,
    sample: Sample = None,
    min_agreement: MinAgreement = None,
    code: options.Code = None,
) -> dict[str, Any]:
    """Save a pipeline whose hf_ner, and hf_tagger, predict with ONNX Runtime.

    It has no weights for PyTorch and cannot be trained: keep the pipeline that it is made from.
    """
    import_code(code)
    if quantize is None and (sample is not None or min_agreement is not None):
        msg.warn(
            "--sample and --min-agreement do nothing without --quantize int8: fp32 is not compared "
            "with itself."
        )
    if quantize == "int8" and sample is None:
        raise ConfigError(
            'sample must be given with quantize = "int8", which is kept only if it finds the same '
            "entities there: texts of the kind that the pipeline will read, such as dev.spacy.",
            settings=("sample", "quantize"),
        )
    exports = export_pipeline(
        model, output, quantize=quantize, sample=sample, min_agreement=min_agreement
    )
    for name, export in exports.items():
        if export.agreement is not None:
            msg.info(
                f"{name}: F1 of what int8 finds against fp32 in the sample {export.agreement:.2%}"
            )
        if export.problem is not None:
            msg.warn(write_flags(export.problem, ("min_agreement", "quantize")))
        msg.good(f"{name}: {export.file}, {export.file.stat().st_size / 1e6:,.0f} MB")
    components = {name: dataclasses.asdict(export) for name, export in exports.items()}
    return {"output": str(output), "components": components}


def export_pipeline(
    model: str,
    output: Path,
    *,
    quantize: str | None = None,
    sample: Path | None = None,
    min_agreement: float | None = None,
) -> "dict[str, OnnxExport]":
    """Return what was exported of each hf_ner and hf_tagger of a pipeline, saved to a folder.

    Args:
        model: Name of an installed pipeline, or its folder.
        output: The folder to save to.
        quantize: None for float32, or ``"int8"``.
        sample: A .spacy file, a folder of them, or any corpus that ``hf-ner convert`` reads; its
            texts are used.
        min_agreement: The least F1 of int8's entities against those of float32; None for the
            usual one.

    Raises:
        ConfigError: There is no such pipeline, it has no hf_ner, a setting is out of range, or the
            folder holds something that is no pipeline.
        CheckpointError: A head was never trained, or PyTorch cannot export the network.
        CorpusError: The sample cannot be read, or holds no Docs.
        MissingExtraError: ``spacy-hf-ner[onnx]`` is not installed.
        OutputError: The pipeline cannot be saved. What was there stays.
    """
    from spacy_hf_ner.model.engines.onnx.graph import is_saved_graph
    from spacy_hf_ner.model.notes import is_saved_model_file
    from spacy_hf_ner.pipe.components import find_classifiers
    from spacy_hf_ner.pipe.exporting import MIN_AGREEMENT, export_onnx

    check_output(output, kind="a pipeline", file=PIPELINE_FILE)
    nlp = load_pipeline(model)
    components = find_classifiers(nlp)
    if not components:
        found = ", ".join(nlp.pipe_names) or "no component"
        raise ConfigError(f"{model}: expected a pipeline with hf_ner or hf_tagger, found {found}.")
    texts: list[Doc] = []
    if sample is not None and quantize is not None:
        texts = read_gold_docs(sample, nlp.vocab)
    if min_agreement is None:
        min_agreement = MIN_AGREEMENT
    exports: dict[str, OnnxExport] = {}
    # In the pipeline's own folder the weights stay, so that it can be run in both ways.
    is_own = output.exists() and Path(model).exists() and output.samefile(model)
    is_outdated = is_saved_graph if is_own else is_saved_model_file
    with replace_pipeline(output, is_outdated=is_outdated) as fresh:
        for name, pipe in components.items():
            export = export_onnx(
                pipe,
                fresh / name / "model",
                quantize=quantize,  # type: ignore[arg-type] # it says what it expects
                sample=prepare_docs(nlp, texts, before=name, progress=True),
                min_agreement=min_agreement,
            )
            file = output / name / "model" / export.file.name
            exports[name] = dataclasses.replace(export, file=file)
        _write_rest(nlp, fresh, components)
        keep_edited_cards(output, fresh)
    return exports


def _write_rest(nlp: Language, folder: Path, components: "dict[str, TokenClassifierPipe]") -> None:
    """Write all of a pipeline but for the graphs, with a config that says how they are run."""
    nlp.to_disk(folder, exclude=list(components))
    config = load_config(folder / "config.cfg")
    for name, pipe in components.items():
        pipe.to_disk(folder / name, exclude=["vocab", "model"])
        config["components"][name]["model"].update(backend="onnx", precision="auto")
    config.to_disk(folder / "config.cfg")
