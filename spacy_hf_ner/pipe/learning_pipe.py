"""How a component over a token classifier learns: from gold, and from its model as it was before.

What an Example teaches belongs to each component.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from spacy.errors import Errors
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from spacy_hf_ner.core.arrays import Floats32, Ints
from spacy_hf_ner.core.chain import Chain
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.model.token_classifier import Backprop
from spacy_hf_ner.model.training.loss import Targets, compute_divergence, compute_loss
from spacy_hf_ner.pipe.architectures import get_token_classifier
from spacy_hf_ner.pipe.class_weights import find_class_weights, resolve_class_weights
from spacy_hf_ner.pipe.labelled_pipe import LabelledPipe
from spacy_hf_ner.pipe.learn_rates import RateWatch
from spacy_hf_ner.pipe.rehearsal import ask_teacher, check_vectors
from spacy_hf_ner.pipe.tag_choice import check_labels, merge_types
from spacy_hf_ner.pipe.targets import GoldTargets
from spacy_hf_ner.pipe.token_accuracy import TokenAccuracy

__all__ = ["LearningPipe"]

_N_SAMPLE_DOCS = 10  # to initialize the model with: what spaCy's own pipes take


class LearningPipe(LabelledPipe):
    """A component that learns rows of tag scores."""

    def __init__(self, vocab: Vocab, model: Model[Any, Any], name: str) -> None:
        super().__init__(vocab, model, name)
        # nlp.resume_training sets it to a copy of the model.
        self._rehearsal_model: Model[Any, Any] | None = None
        self._rates = RateWatch(name)
        self._training_accuracy = TokenAccuracy()

    @abstractmethod
    def find_labels(self, examples: Iterable[Example]) -> list[str]:
        """Return the labels in the gold of Examples, sorted."""

    @abstractmethod
    def read_targets(self, example: Example, tag_set: TagSet) -> GoldTargets:
        """Return what an Example teaches: gold from its reference, on its predicted tokens."""

    def load_known_tags(self) -> TagSet | None:
        """Load the model; return the tags that training may go on from, None where there are none.

        They are as the checkpoint has them, even if that will change.
        """
        return self.classifier.load(self.scheme)

    @abstractmethod
    def choose_tags(self, labels: Sequence[str], known: TagSet | None) -> TagSet:
        """Return the tags to train.

        Args:
            labels: The labels wanted; if empty, those of the checkpoint stay.
            known: What :meth:`load_known_tags` returned.
        """

    def check_settings(self, tag_set: TagSet) -> None:
        """Check settings that name labels."""

    def prepare_for_cuts(self, get_examples: Callable[[], Iterable[Example]]) -> None:
        """Make the model ready for gold that begins or ends inside of tokens, if there is any."""

    def make_chain(self, tag_set: TagSet) -> Chain | None:  # noqa: ARG002 - of those that have one
        """Return the chain that wrong spans are scored with; None where there are no spans."""
        return None

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
    ) -> None:
        """Load the checkpoint, and give it a head for the labels of the training data.

        The head's rows for tags that the checkpoint knows are kept.

        Args:
            get_examples: Returns representative Examples.
            nlp: The pipeline.
            labels: The labels. By default those of earlier ``add_label`` calls and those in the
                data; where the data has none, the checkpoint's labels stay.

        Raises:
            ValueError: There are no labels anywhere (spaCy's E143).
            ConfigError: The labels lack some of the data.
        """
        validate_get_examples(get_examples, f"{type(self).__name__}.initialize")
        known = self.load_known_tags()
        in_data = self.find_labels(get_examples())
        if labels:
            check_labels(labels, in_data, nlp=nlp, name=self.name, kind=self.label_kind)
        wanted = labels or self._gather_labels(in_data, known=known)
        if wanted:
            wanted = merge_types(
                wanted,
                known,
                keep_known=self.keep_checkpoint_labels,
                name=self.name,
                kind=self.label_kind,
            )
            self.cfg["added_labels"] = []
        elif known is None:
            raise ValueError(Errors.E143.format(name=self.name))
        tag_set = self.choose_tags(wanted, known)
        if tag_set != known:
            self._set_tags(tag_set)
        tag_set = self.prepare()
        self.check_settings(tag_set)
        self.prepare_for_cuts(get_examples)
        for label in self.get_labels(tag_set):
            self.vocab.strings.add(label)
        self.cfg["class_weights"] = resolve_class_weights(
            self.class_weights,
            tag_set,
            get_examples,
            read_targets=self.read_targets,
            find_units=self.classifier.find_units,
        )
        sample = [example.x for example in islice(get_examples(), _N_SAMPLE_DOCS)]
        self.classifier.initialize(sample)

    def _gather_labels(self, in_data: Sequence[str], *, known: TagSet | None) -> list[str]:
        """Return the labels of a new head; none where the checkpoint's are to stay."""
        if known is not None and not in_data:
            return []
        return [*self.cfg["added_labels"], *in_data]

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch; gold comes from the references, text from the predicted Docs.

        Args:
            examples: The batch.
            drop: Dropout rate, inside the network too.
            sgd: What steps the weights; without it gradients are gathered until ``finish_update``.
            losses: Where the loss, the mean over labelled tokens, is added under the component's
                name.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        docs = [example.predicted for example in examples]
        if not any(len(doc) for doc in docs):
            return losses

        tag_set = self.prepare()
        gold = [self.read_targets(example, tag_set) for example in examples]
        has_gold = not all(targets.is_empty for targets in gold)
        # A shared encoder waits for the gradients of all its listeners, even for one that is zero.
        if not has_gold and not self.classifier.is_listener:
            return losses

        set_dropout_rate(self.model, drop)
        cut_tokens = [targets.cut_tokens for targets in gold]
        predicted, backprop = self._begin_update(docs, cut_tokens)
        # Only now is it known which units the model has rows for.
        unit_targets: list[Targets] = []
        for targets, doc_rows in zip(gold, predicted, strict=True):
            unit_targets.append(targets.place(doc_rows, tag_set))
        self._training_accuracy.add(predicted, unit_targets)
        loss, gradient = self._compute_loss(docs, predicted, unit_targets, tag_set)
        self._learn(gradient, backprop, sgd)
        losses[self.name] += loss
        return losses

    def take_training_accuracy(self) -> float | None:
        """Return the share of tags that were right in the updates since the last call.

        None if there was nothing to judge. See
        :class:`~spacy_hf_ner.pipe.token_accuracy.TokenAccuracy`.
        """
        return self._training_accuracy.take()

    def rehearse(
        self,
        examples: Iterable[Example],
        *,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
        **_config: object,
    ) -> dict[str, float]:
        """Pull the model back to its state at ``nlp.resume_training``, on the tags of both.

        For the arguments see :meth:`update`.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        docs = [example.predicted for example in examples if len(example.predicted)]
        if self._rehearsal_model is None or not docs:
            return losses

        teacher = get_token_classifier(self._rehearsal_model)
        # The copy was made before the model's first use, if the model was not used before.
        teacher_tags = teacher.load(self.scheme)
        if teacher_tags is None:
            return losses
        check_vectors(teacher, docs, name=self.name)
        lesson = ask_teacher(teacher, docs, teacher_tags=teacher_tags, tag_set=self.prepare())
        set_dropout_rate(self.model, 0.0)
        predicted, backprop = self.classifier.begin_update(docs, cut_tokens=lesson.cut_tokens)
        rows = [doc_rows.rows for doc_rows in predicted]
        loss, gradient = compute_divergence(
            rows, lesson.rows, lesson.columns, reduction=self.classifier.reduction
        )
        self._learn(gradient, backprop, sgd)
        losses[self.name] += loss
        return losses

    def finish_update(self, sgd: Optimizer) -> None:
        """Step the weights; a learn rate with which nothing can be learned is named, once."""
        self._rates.look_at(sgd, bears=self.classifier.max_learn_rate)
        super().finish_update(sgd)

    def _begin_update(
        self, docs: Sequence[Doc], cut_tokens: Sequence[Ints]
    ) -> tuple[list[UnitRows], Backprop]:
        """Return the rows of each Doc that the loss is computed on, and what takes the gradient.

        Args:
            docs: The Docs.
            cut_tokens: The tokens of each that gold cuts. Shape of each: (n_cut,).
        """
        return self.classifier.begin_update(docs, cut_tokens=cut_tokens)

    def _compute_loss(
        self,
        docs: Sequence[Doc],  # noqa: ARG002 - for components that look at them
        predicted: Sequence[UnitRows],
        targets: Sequence[Targets],
        tag_set: TagSet,
    ) -> tuple[float, list[Floats32]]:
        """Return the loss, and the gradient on the rows of each Doc."""
        class_weights = find_class_weights(
            self.class_weights, tag_set, resolved=self.cfg["class_weights"]
        )
        return compute_loss(
            [doc_rows.rows for doc_rows in predicted],
            targets,
            chain=self.make_chain(tag_set),
            class_weights=class_weights,
            label_smoothing=self.label_smoothing,
            reduction=self.classifier.reduction,
        )

    def _learn(
        self,
        gradient: list[Floats32],
        backprop: Callable[[list[Floats32]], object],
        sgd: Optimizer | None,
    ) -> None:
        """Pass a gradient through the model, and step the weights if there is an optimizer."""
        # A gradient of zeros goes through, too: a shared encoder counts its listeners' gradients.
        backprop(gradient)
        if not any(part.any() for part in gradient):
            return
        self.forget_figures()
        if sgd:  # Language.update passes False, and calls finish_update itself
            self.finish_update(sgd)
