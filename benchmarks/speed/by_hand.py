"""What a careful person writes by hand: the bare forward pass, and a short program around it.

Two references for the others. The raw forward has its subword ids ready, and stops at the logits.
The program does all that has to be done, on one page: windows, batches, bf16, Viterbi, entities on
spaCy's tokens.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from speed.runner import Entity, Found, Meter, Runner, Setting

RAW_BUDGET = 1024  # padded subwords in a batch, where fp32 is fastest on a CPU
BUDGET = 4096  # the same for bf16
GPU_BUDGET = 32768
WINDOW = 128  # subwords, special tokens excluded
OVERLAP = 32


class RawForward(Runner):
    """The network on rows of ids, sorted by length, padded, in batches under a budget."""

    def __init__(self, network: Any, read_rows: Any, budget: int) -> None:  # noqa: ANN401
        self._network = network
        self._read_rows = read_rows
        self._budget = budget

    def prepare(self, texts: Sequence[str]) -> list[tuple[Any, Any]]:
        """Return the padded batches on their device."""
        rows: list[list[int]] = self._read_rows(texts)
        batches = plan_batches([len(row) for row in rows], self._budget)
        return [pad([rows[i] for i in batch], self._network.device) for batch in batches]

    def run(self, prepared: list[tuple[Any, Any]]) -> Found:
        """Run the network, and nothing else."""
        import torch

        with torch.inference_mode():
            for ids, mask in prepared:
                self._network(input_ids=ids, attention_mask=mask)
        return None

    def metering(self, meter: Meter) -> AbstractContextManager[None]:
        """Watch the network."""
        return meter.watch(self._network)


@dataclass(frozen=True, slots=True)
class Window:
    """Subwords of a text that are read at once, and those of them whose logits are kept."""

    text_i: int
    start: int
    end: int
    own_start: int
    own_end: int


class Prototype(Runner):
    """The program that a careful person writes.

    It has a bf16 encoder, an fp32 head, windows, large batches and Viterbi.

    Args:
        network: The network, in its reduced precision.
        tokenizer: Its fast tokenizer.
        nlp: A blank pipeline.
        budget: Padded subwords in a batch.
    """

    def __init__(self, network: Any, tokenizer: Any, nlp: Any, budget: int) -> None:  # noqa: ANN401
        self._network = network
        self._tokenizer = tokenizer
        self._nlp = nlp
        self._budget = budget
        labels = network.config.id2label
        self._tags = [labels[i] for i in range(len(labels))]
        self._transitions = make_transitions(self._tags)

    def run(self, prepared: list[str]) -> Found:
        """Find the entities."""
        import numpy as np
        from spacy.tokens import Span

        docs = list(self._nlp.tokenizer.pipe(prepared))
        encoded = self._tokenizer(prepared, add_special_tokens=False, return_offsets_mapping=True)
        logits = self._predict(encoded["input_ids"])
        found: list[list[Entity]] = []
        for doc, offsets, rows in zip(docs, encoded["offset_mapping"], logits, strict=True):
            if len(rows) == 0:
                found.append([])
                continue
            starts = np.array([start for start, _ in offsets])
            token_of_subword = (
                np.searchsorted([token.idx for token in doc], starts, side="right") - 1
            )
            tokens, first_subwords = np.unique(token_of_subword, return_index=True)
            path = decode(rows[first_subwords], self._transitions)
            doc.ents = [
                Span(doc, tokens[start], tokens[end - 1] + 1, label)
                for start, end, label in read_spans([self._tags[tag] for tag in path])
            ]
            found.append([(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents])
        return found

    def metering(self, meter: Meter) -> AbstractContextManager[None]:
        """Watch the network."""
        return meter.watch(self._network)

    def _predict(self, ids: list[list[int]]) -> list[Any]:
        """Return the log-probabilities of each text's subwords.

        Shape of each: (n_subwords, n_tags).
        """
        import numpy as np
        import torch

        cls, sep = self._tokenizer.cls_token_id, self._tokenizer.sep_token_id
        windows = [window for i, row in enumerate(ids) for window in cut(i, len(row))]
        rows = [[cls, *ids[w.text_i][w.start : w.end], sep] for w in windows]
        result = [np.zeros((len(row), len(self._tags)), dtype=np.float32) for row in ids]
        with torch.inference_mode():
            for batch in plan_batches([len(row) for row in rows], self._budget):
                padded, mask = pad([rows[i] for i in batch], self._network.device)
                logits = self._network(input_ids=padded, attention_mask=mask).logits.float()
                scores = torch.log_softmax(logits, dim=-1).cpu().numpy()
                for i, row in zip(batch, scores, strict=True):
                    w = windows[i]
                    first = 1 + w.own_start - w.start  # after [CLS]
                    result[w.text_i][w.own_start : w.own_end] = row[
                        first : first + w.own_end - w.own_start
                    ]
        return result


def load_raw(setting: Setting, *, our_windows: bool = False) -> Runner:
    """Return the raw forward in float32.

    Args:
        setting: What all share.
        our_windows: Read the windows that ours reads; else rows as long as the network can take,
            without overlap.
    """
    network = load_network(setting)
    tokenizer = load_tokenizer(setting)
    longest = tokenizer.model_max_length - 2
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id

    def read_rows(texts: Sequence[str]) -> list[list[int]]:
        ids = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return [
            [cls, *row[start : start + longest], sep]
            for row in ids
            for start in range(0, max(len(row), 1), longest)
        ]

    budget = GPU_BUDGET if setting.device == "cuda" else RAW_BUDGET
    return RawForward(
        network, _make_reader(setting, cls, sep) if our_windows else read_rows, budget
    )


def load_prototype(setting: Setting) -> Runner:
    """Return the program by hand, in bf16."""
    import spacy
    import torch

    network = load_network(setting).to(torch.bfloat16)
    network.classifier.float()
    network.classifier.register_forward_pre_hook(
        lambda _module, inputs: tuple(x.float() for x in inputs)
    )
    budget = GPU_BUDGET if setting.device == "cuda" else BUDGET
    return Prototype(network, load_tokenizer(setting), spacy.blank("en"), budget)


def load_network(setting: Setting) -> Any:  # noqa: ANN401 - transformers' classes differ between versions
    """Return the network in float32, on its device."""
    from transformers import AutoModelForTokenClassification

    network: Any = AutoModelForTokenClassification.from_pretrained(
        setting.checkpoint, attn_implementation="sdpa"
    )
    return network.float().eval().to(setting.device)


def load_tokenizer(setting: Setting) -> Any:  # noqa: ANN401
    """Return the tokenizer."""
    from transformers import AutoTokenizer

    make: Any = AutoTokenizer.from_pretrained  # untyped in transformers 4
    tokenizer = make(setting.checkpoint)
    tokenizer.deprecation_warnings["sequence-length-is-longer-than-the-specified-maximum"] = (
        True  # windows follow
    )
    return tokenizer


def plan_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Yield the indices of rows in batches, sorted by length.

    Each has at most ``budget`` subwords, padding included.
    """
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[i] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def pad(rows: Sequence[Sequence[int]], device: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Return ids and attention mask. Shape of each: (n_rows, length)."""
    import numpy as np
    import torch

    lengths = np.array([len(row) for row in rows])
    mask = np.arange(lengths.max()) < lengths[:, None]
    ids = np.zeros(mask.shape, dtype=np.int64)
    ids[mask] = np.concatenate(rows)
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask.astype(np.int64)).to(device)


def cut(text_i: int, n_subwords: int) -> Iterator[Window]:
    """Yield the windows of a text.

    Of what two of them share, each keeps the half that is nearer to its middle.
    """
    step = WINDOW - OVERLAP
    for start in range(0, max(n_subwords - OVERLAP, 1), step):
        end = min(start + WINDOW, n_subwords)
        own_start = start + OVERLAP // 2 if start else 0
        own_end = end - OVERLAP // 2 if end < n_subwords else end
        yield Window(text_i, start, end, own_start, own_end)


def make_transitions(tags: Sequence[str]) -> Any:  # noqa: ANN401 - an array, but numpy is imported late
    """Return 0 where one tag may follow another in IOB2, minus infinity elsewhere.

    The last row is the start.

    Shape: (n_tags + 1, n_tags).
    """
    import numpy as np

    before = [*tags, "O"]
    is_legal = [
        [tag[0] != "I" or previous in {f"B{tag[1:]}", tag} for tag in tags] for previous in before
    ]
    return np.where(np.array(is_legal), 0.0, -np.inf)


def decode(log_probs: Any, transitions: Any) -> list[int]:  # noqa: ANN401
    """Return the best legal tags (Viterbi). Shapes: (n_tokens, n_tags), (n_tags + 1, n_tags)."""
    score = transitions[-1] + log_probs[0]
    came_from = []
    for row in log_probs[1:]:
        step = score[:, None] + transitions[:-1]
        came_from.append(step.argmax(axis=0))
        score = step.max(axis=0) + row
    path = [int(score.argmax())]
    for back in reversed(came_from):
        path.append(int(back[path[-1]]))
    return path[::-1]


def read_spans(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Return start, end and type of the entities in legal IOB2 tags.

    >>> read_spans(["O", "B-PER", "I-PER", "B-LOC"])
    [(1, 3, 'PER'), (3, 4, 'LOC')]
    """
    spans: list[tuple[int, int, str]] = []
    for i, tag in enumerate(tags):
        if tag[0] == "B":
            spans.append((i, i + 1, tag[2:]))
        elif tag[0] == "I":
            spans[-1] = (spans[-1][0], i + 1, tag[2:])
    return spans


def _make_reader(setting: Setting, cls: int, sep: int) -> Any:  # noqa: ANN401
    """Return a function from texts to the rows that ours reads."""
    import spacy

    from spacy_hf_ner.model.reading.layout import lay_out

    nlp = spacy.load(setting.pipelines["ours"])
    component: Any = nlp.get_pipe("hf_ner")
    shim = component.model.shims[0]

    def read_rows(texts: Sequence[str]) -> list[list[int]]:
        docs = [nlp.make_doc(text) for text in texts]
        layout = lay_out(docs, shim.checkpoint.tokenizer.encode(docs), shim.reading)
        return [
            [cls, *layout.ids[window.start : window.end].tolist(), sep] for window in layout.windows
        ]

    return read_rows
