"""The registered architectures of ``[components.hf_ner.model]``.

spaCy imports this module in every process that makes a pipeline, so whatever is slow to import is
imported inside the functions.
"""

from typing import TYPE_CHECKING, Any

from thinc.api import Model

from spacy_hf_ner.errors import ConfigError

if TYPE_CHECKING:
    from spacy_hf_ner.model.engines.precision import MixedPrecision
    from spacy_hf_ner.model.network import Attention
    from spacy_hf_ner.model.reading.aggregation import Aggregation, SubwordLabels
    from spacy_hf_ner.model.settings import Context, LabelUnitChoice
    from spacy_hf_ner.model.token_classifier import TokenClassifier
else:
    # The tables of these choices lie beside the code that implements them, which imports torch. So
    # pydantic, which reads the signatures below, sees any string; Settings checks it against the
    # table, and its ConfigError lists the choices.
    Aggregation = Attention = Context = LabelUnitChoice = MixedPrecision = SubwordLabels = str

__all__ = [
    "DEFAULT_NAME",
    "DEFAULT_REVISION",
    "DEFAULT_TAGGER_NAME",
    "get_token_classifier",
    "make_hf_token_classifier_v1",
    "make_token_classifier_v1",
]

DEFAULT_NAME = "dslim/bert-base-NER"
DEFAULT_REVISION = "d1a3e8f13f8c3566299d95fcfc9a8d2382a9affc"
DEFAULT_TAGGER_NAME = "vblagoje/bert-english-uncased-finetuned-pos"


def make_hf_token_classifier_v1(
    name: str = DEFAULT_NAME,
    revision: str | None = None,
    labels: list[str] | None = None,
    aggregation: Aggregation | None = None,
    subword_labels: SubwordLabels | None = None,
    label_unit: LabelUnitChoice = "auto",
    window: int | None = None,
    overlap: int | None = None,
    context: Context = "document",
    backend: str = "torch",
    precision: str = "auto",
    mixed_precision: MixedPrecision = "auto",
    attention: Attention = "auto",
    dropout: float | None = None,
    mark_case: bool = False,  # noqa: FBT001, FBT002 - filled by name from the config
    head_learn_rate: float = 1.0,
    layer_decay: float = 1.0,
    frozen_layers: int = 0,
    unfreeze_every: int = 0,
    gradient_checkpointing: bool = False,  # noqa: FBT001, FBT002 - filled by name from the config
    allow_pickle: bool = False,  # noqa: FBT001, FBT002 - filled by name from the config
    check_sizes: bool = True,  # noqa: FBT001, FBT002 - filled by name from the config
) -> Model[Any, Any]:
    """Return a model that owns a Hugging Face token classifier; it is loaded at first use.

    Args:
        name: A checkpoint folder, or a repository on the Hugging Face hub. It may be a plain
            encoder if the model is going to be trained.
        revision: Commit, tag or branch on the hub. Pin it.
        labels: Names for the labels of the checkpoint ``name``, in the order of their ids, where
            its own names are ``LABEL_0``, …. A saved pipeline stores its labels.
        aggregation: How the subwords of a token become its row of scores: the row of its first
            subword (``"first"``) or its last (``"last"``), the mean over its subwords (``"mean"``),
            or the row of its most confident subword (``"max"``). None: as stored with the model,
            else ``"first"``.
        subword_labels: Which subwords carry a label in training: only the first of each token
            (``"first"``), only its last (``"last"``), all with the token's tag (``"all"``), or all,
            where continuing subwords get no start tag (``"all_inside"``). None: as stored with the
            model, else ``"first"``, and ``"last"`` for a new head on a causal network, whose first
            subwords have not seen the rest of their words.
        label_unit: What the labels run over. With ``"token"`` each token has one, whose row
            ``aggregation`` makes. With ``"subword"`` each subword has one: in IOBES a token of
            three subwords is B I E, and entities are decoded on subwords, then put on the tokens
            that they touch. With ``"part"`` each token has one, but a token that an entity cuts has
            one for each subword. ``"auto"``: as stored with the model; else as the family's
            published checkpoints are labelled (``openai/privacy-filter`` and its kin by subwords);
            else ``"token"``, or ``"part"`` once gold cuts tokens.
        window: The most subwords read at once, special tokens excluded. None: that of its training,
            if it is stored with the model, else 128. Where each layer of the network sees only a
            sliding window (Longformer, Mistral, ``openai/privacy-filter``), it is as much as all
            layers together reach, layers × sliding window, up to 1,024. The model's limit holds in
            any case.
        overlap: Subwords shared by neighbouring windows, at most half a window. None: a quarter of
            the window.
        context: ``"document"`` fills windows across sentences; ``"sentence"`` reads each sentence
            by itself where the Doc has sentence boundaries.
        backend: What runs the network in prediction: PyTorch (``"torch"``), or ONNX Runtime on the
            CPU (``"onnx"``), with the graph that ``hf-ner export-onnx`` wrote into the checkpoint
            folder. A model with an ONNX graph cannot be trained.
        precision: Number type of the network in prediction. ``"auto"``: with PyTorch bf16 where
            the hardware has it, else fp32, and int8 where ``hf-ner calibrate --int8`` has found
            the same with it and the CPU can do it; with ONNX int8 where the graph was exported so,
            else fp32. ``"int8"``: linear layers multiply 8-bit integers, on a CPU with VNNI.
        mixed_precision: Number type of autocast in training. ``"auto"``: bf16 where the hardware
            has it, else none.
        attention: Attention kernel. ``"auto"``: ``"sdpa"`` where the model family supports it, else
            ``"eager"``.
        dropout: Dropout rate inside the network in training. None: the ``drop`` of ``nlp.update``,
            which ``spacy train`` takes from ``[training.dropout]``.
        mark_case: When a plain encoder gets its head, make the tokenizer of an uncased BERT put
            marks before capitalised words, so that capitals are not lost. Tokenizers that keep
            capitals stay as they are.
        head_learn_rate: The factor by which the learn rate is multiplied for the head.
        layer_decay: The factor by which the learn rate is multiplied from each encoder layer to the
            one below, and from the lowest layer to the embeddings.
        frozen_layers: The number of lowest encoder layers that training leaves as they are,
            embeddings included; -1 for all.
        unfreeze_every: Gradual unfreezing: the encoder is frozen at first, and after each so many
            updates one more layer learns, from the highest down, and the embeddings last. 0: all
            learn from the first update. What ``frozen_layers`` freezes stays frozen.
            ``nlp.rehearse`` moves what is free by then, and frees nothing.
        gradient_checkpointing: Keep only the inputs of the encoder's layers in training, and
            compute the rest again in backprop: less memory, a third more time, the same gradients.
            It acts where something is dropped, that is with a dropout over 0.
        allow_pickle: Read ``.bin`` weights where there are no safetensors.
        check_sizes: Refuse a checkpoint whose config asks for far more than its weights hold, and
            files that are larger than any honest ones, before memory is taken for them.

    Raises:
        ConfigError: A value is out of its range, or contradicts another.
    """
    from spacy_hf_ner.model.hf_classifier import make_hf_model
    from spacy_hf_ner.model.settings import Settings

    if isinstance(labels, str):
        raise ConfigError(
            f"labels must be a list with one for each column of the checkpoint, got {labels!r}. "
            'Write labels = ["O", "B-PER", …].',
            settings=("labels",),
        )
    if revision is None and name == DEFAULT_NAME:
        revision = DEFAULT_REVISION
    return make_hf_model(
        Settings(
            name=str(name),
            revision=revision,
            labels=None if labels is None else tuple(labels),
            aggregation=aggregation,
            subword_labels=subword_labels,
            label_unit=label_unit,
            window=window,
            overlap=overlap,
            context=context,
            backend=backend,
            precision=precision,
            mixed_precision=mixed_precision,
            attention=attention,
            dropout=dropout,
            mark_case=mark_case,
            head_learn_rate=head_learn_rate,
            layer_decay=layer_decay,
            frozen_layers=frozen_layers,
            unfreeze_every=unfreeze_every,
            gradient_checkpointing=gradient_checkpointing,
            allow_pickle=allow_pickle,
            check_sizes=check_sizes,
        )
    )


def make_token_classifier_v1(
    tok2vec: Model[Any, Any], label_unit: LabelUnitChoice = "auto"
) -> Model[Any, Any]:
    """Return a model that puts a tag head on a ``tok2vec`` layer.

    Args:
        tok2vec: A layer from Docs to one vector per token. It may be a listener to a shared
            encoder, e.g. ``spacy-transformers.TransformerListener.v1``.
        label_unit: What the labels run over: tokens, as each has one vector. It is here so that a
            config of the other architecture can be changed into one of this.

    Raises:
        ConfigError: The labels cannot run over what is named.
    """
    from spacy_hf_ner.model.head_classifier import make_head_model

    if label_unit not in ("auto", "token"):
        raise ConfigError(
            f'label_unit must be "auto" or "token" for spacy_hf_ner.TokenClassifier.v1, got '
            f"{label_unit!r}: a tok2vec layer gives one vector per token, and none for parts of "
            "one. For labels that run over subwords take spacy_hf_ner.HFTokenClassifier.v1.",
            settings=("label_unit",),
        )
    return make_head_model(tok2vec)


def get_token_classifier(model: Model[Any, Any]) -> "TokenClassifier":
    """Return the interface through which a component uses a model.

    Raises:
        ConfigError: The model was made by another architecture.
    """
    from spacy_hf_ner.model import head_classifier, hf_classifier

    if model.name == hf_classifier.MODEL_NAME:
        return hf_classifier.HFTokenClassifier(model)
    if model.name == head_classifier.MODEL_NAME:
        return head_classifier.HeadTokenClassifier(model)
    raise ConfigError(
        f"hf_ner cannot use the model {model.name!r}. Expected "
        "spacy_hf_ner.HFTokenClassifier.v1 or spacy_hf_ner.TokenClassifier.v1 in "
        "[components.hf_ner.model]."
    )
