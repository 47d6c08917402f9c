"""A pipe that learns: from gold, and from what it was before."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from spacy.training import Example, validate_examples
from thinc.api import Model, Optimizer, set_dropout_rate

from spacy_hf_ner.core.arrays import Floats32
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.model.training.loss import compute_divergence, compute_loss
from spacy_hf_ner.pipe.architectures import get_token_classifier
from spacy_hf_ner.pipe.class_weights import ClassWeights, find_class_weights
from spacy_hf_ner.pipe.rehearsal import ask_teacher, check_vectors
from spacy_hf_ner.pipe.storage import StoredPipe
from spacy_hf_ner.pipe.targets import read_targets


class LearningPipe(StoredPipe):
    """Updates the model. Whatever it learns undoes calibration.

    Attributes:
        name: The component's name.
        class_weights: Weights of tags in the loss.
        label_smoothing: Share of the target that is spread over all tags.
        incorrect_spans_key: The key in the gold Doc's ``spans`` of spans known to be wrong.
    """

    name: str
    class_weights: ClassWeights
    label_smoothing: float
    incorrect_spans_key: str | None
    _rehearsal_model: Model[Any, Any] | None = None  # nlp.resume_training sets it

    @abstractmethod
    def _prepare(self) -> TagSet:
        """Load the model, and return its tags."""

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
            losses: Where the loss, the mean over labelled tokens, is added under the component's name.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "HFNer.update")
        if not any(len(example.predicted) for example in examples):
            return losses
        tag_set = self._prepare()
        gold = [
            read_targets(eg, tag_set, incorrect_spans_key=self.incorrect_spans_key)
            for eg in examples
        ]
        is_untaught = all(targets.is_empty for targets in gold)
        if is_untaught and not self.classifier.is_listener:  # a listener must answer its encoder
            return losses
        set_dropout_rate(self.model, drop)
        predicted, backprop = self.classifier.begin_update([eg.predicted for eg in examples])
        loss, gradient = compute_loss(
            [doc.rows for doc in predicted],
            [targets.of_units(doc.units) for targets, doc in zip(gold, predicted, strict=True)],
            class_weights=find_class_weights(
                self.class_weights, tag_set, resolved=self.cfg["class_weights"]
            ),
            label_smoothing=self.label_smoothing,
            reduction=self.classifier.reduction,
        )
        self._learn(gradient, backprop, sgd)
        losses[self.name] += loss
        return losses

    def rehearse(
        self,
        examples: Iterable[Example],
        *,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
        **_config: object,
    ) -> dict[str, float]:
        """Pull the model back to what it was at ``nlp.resume_training``, on the tags that both know.

        For the arguments see :meth:`update`.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        docs = [example.predicted for example in examples if len(example.predicted)]
        if self._rehearsal_model is None or not docs:
            return losses
        teacher = get_token_classifier(self._rehearsal_model)
        taught = teacher.load(
            self.scheme
        )  # it was copied before its first use, if the model was not used before
        if taught is None:
            return losses
        check_vectors(teacher, docs, name=self.name)
        lesson = ask_teacher(teacher, docs, taught=taught, known=self._prepare())
        set_dropout_rate(self.model, 0.0)
        predicted, backprop = self.classifier.begin_update(docs)
        rows = [doc.rows for doc in predicted]
        loss, gradient = compute_divergence(
            rows, lesson.rows, lesson.columns, reduction=self.classifier.reduction
        )
        self._learn(gradient, backprop, sgd)
        losses[self.name] += loss
        return losses

    def _learn(
        self,
        gradient: list[Floats32],
        backprop: Callable[[list[Floats32]], object],
        sgd: Optimizer | None,
    ) -> None:
        backprop(gradient)
        if not any(part.any() for part in gradient):
            return
        self.cfg["calibration"] = None
        if sgd:  # Language.update passes False, and calls finish_update itself
            self.finish_update(sgd)
