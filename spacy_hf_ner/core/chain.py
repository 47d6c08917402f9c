"""What a tag set allows, and where the segments of packed rows lie.

Tags form a chain: a path through the rows of a segment has a log score for the tag that it starts
with, for each transition from one tag to the next, and for the tag that it ends with. In a scheme,
each is 0 (legal) or minus infinity (illegal). :class:`TransitionScores`, which some checkpoints
bring, and a bias towards entities make legal transitions more or less likely than others.

Rows are packed: those of all segments one after the other, a segment being a run of tokens that no
entity may leave (a document, or a piece of one between sentence starts, preset entities and blank
lines).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Floats, Ints
from spacy_hf_ner.core.labels import TagSet

__all__ = ["Chain", "Packing", "TransitionScores", "make_chain", "pack"]


@dataclass(frozen=True, slots=True)
class TransitionScores:
    """What is added to the log scores of legal transitions, by what they do to entities.

    ::

        tags     O  B  I  E  O  O  S  B  I  E
                  ^  ^  ^  ^  ^  ^  ^  ^  ^
                  |  |  |  |  |  |  |  |  go_on_to_end
                  |  |  |  |  |  |  |  go_on
                  |  |  |  |  |  |  end_to_start
                  |  |  |  |  |  outside_to_start
                  |  |  |  |  stay_outside
                  |  |  |  end_to_outside
                  |  |  go_on_to_end
                  |  go_on
                  outside_to_start

    Attributes:
        stay_outside: From outside to outside.
        outside_to_start: From outside to a tag that begins an entity.
        go_on: Within an entity, to a tag after which the entity may go on.
        go_on_to_end: Within an entity, to a tag after which it cannot go on.
        end_to_outside: From an entity to outside.
        end_to_start: From an entity to a tag that begins the next one.
    """

    stay_outside: float = 0.0
    outside_to_start: float = 0.0
    go_on: float = 0.0
    go_on_to_end: float = 0.0
    end_to_outside: float = 0.0
    end_to_start: float = 0.0


_NO_SCORES = TransitionScores()


@dataclass(frozen=True, slots=True)
class Chain:
    """What a tag set allows, as arrays. K is the number of tags, T of entity types.

    Scores may be any numbers, minus infinity included: biases, or transitions that were learned.

    Attributes:
        log_start: Log score of each tag on the first token of a segment. Shape: (K,).
        log_transition: [j, k] = log score of tag k after tag j. Shape: (K, K).
        log_end: Log score of each tag on the last token of a segment. Shape: (K,).
        continues: [j, k] = tag k continues the entity of tag j before it. Shape: (K, K).
        type_i: Index of the tag's entity type, or -1 for outside. Shape: (K,).
        columns: The tags of each entity type, padded with -1. Shape: (T, most tags of one type).
    """

    log_start: Floats
    log_transition: Floats
    log_end: Floats
    continues: Bools
    type_i: Ints
    columns: Ints

    @property
    def legal(self) -> Bools:
        """[j, k] = tag k may follow tag j. Shape: (K, K)."""
        legal: Bools = self.log_transition > -np.inf
        return legal

    @property
    def starts(self) -> Bools:
        """[j, k] = tag k may follow tag j and does not continue its entity. Shape: (K, K)."""
        return self.legal & ~self.continues

    @property
    def log_continuing(self) -> Floats:
        """The scores of the transitions within an entity; minus infinity elsewhere.

        Shape: (K, K).
        """
        return np.where(self.continues, self.log_transition, -np.inf)

    @property
    def log_anew(self) -> Floats:
        """The scores of the other transitions, after which an entity, or what is outside, begins.

        Minus infinity within entities. Shape: (K, K).
        """
        return np.where(self.continues, -np.inf, self.log_transition)

    @property
    def can_start(self) -> Bools:
        """Whether a tag may be on the first token of a segment. Shape: (K,)."""
        can_start: Bools = self.log_start > -np.inf
        return can_start

    @property
    def can_end(self) -> Bools:
        """Whether a tag may be on the last token of a segment. Shape: (K,)."""
        can_end: Bools = self.log_end > -np.inf
        return can_end

    @property
    def prefers(self) -> bool:
        """Whether some legal paths score higher than others, whatever the rows say."""
        for scores in (self.log_start, self.log_transition, self.log_end):
            if np.any((scores > -np.inf) & (scores != 0.0)):
                return True
        return False

    def at_temperature(self, temperature: float) -> "Chain":
        """Return a chain whose best paths through rows of this temperature are still the best.

        All that is summed along a path is divided by the same number: rows, and what is here.
        """
        if temperature == 1.0 or not self.prefers:
            return self
        return replace(
            self,
            log_start=self.log_start / temperature,
            log_transition=self.log_transition / temperature,
            log_end=self.log_end / temperature,
        )


@lru_cache(maxsize=64)
def make_chain(
    tag_set: TagSet,
    scores: TransitionScores = _NO_SCORES,
    bias: tuple[float, ...] | None = None,
) -> Chain:
    """Return what a tag set allows, and which of the legal paths are preferred.

    Args:
        tag_set: The tags.
        scores: What is added to transitions by what they do.
        bias: A number for each entity type, in their order: over 0 it is added where an entity
            begins after something that is none, or on the first token of a segment; under 0,
            wherever one begins. None for no bias.

    >>> from spacy_hf_ner.core.labels import read_labels
    >>> make_chain(read_labels(["O", "B-X", "I-X"], scheme="IOB2")).starts.astype(int)
    array([[1, 1, 0],
           [1, 1, 0],
           [1, 1, 0]])
    """
    scheme = tag_set.scheme
    prefixes = [tag.prefix for tag in tag_set.tags]
    type_i = np.array(tag_set.type_i, dtype=np.int64)
    is_outside = type_i < 0
    same_type = (type_i[:, None] == type_i[None, :]) & ~is_outside

    def ask(rule: Callable[[str], bool]) -> Bools:
        """Return what a rule of the scheme says of each tag. Shape: (K,)."""
        return np.array(list(map(rule, prefixes)), dtype=bool)

    opens = ask(scheme.can_start) | is_outside
    opens_touching = ask(scheme.can_start_touching)
    can_end = ask(scheme.can_end) | is_outside
    ends_touched = ask(scheme.can_end_touched)
    goes_on = ask(scheme.can_go_on)
    can_continue = ask(scheme.can_continue)

    continues = same_type & goes_on[:, None] & can_continue[None, :]
    may_open = np.where(same_type, opens_touching[None, :], opens[None, :])
    may_close = np.where(same_type, ends_touched[:, None], can_end[:, None])
    starts = may_close & may_open
    starts_entity = starts & ~is_outside & ~continues
    start_bias = _spread_bias(bias, type_i)
    # Right after another entity there is no reward, which would cut entities to pieces, each with
    # a reward of its own. But there is a cost: else two entities would become cheaper as one piece.
    after_entity = np.minimum(start_bias, 0.0)
    added = np.where(is_outside[:, None], start_bias, after_entity) * starts_entity
    for does_so, score in (
        (is_outside[:, None] & is_outside, scores.stay_outside),
        (is_outside[:, None] & starts_entity, scores.outside_to_start),
        (continues & goes_on, scores.go_on),
        (continues & ~goes_on, scores.go_on_to_end),
        (~is_outside[:, None] & is_outside, scores.end_to_outside),
        (~is_outside[:, None] & starts_entity, scores.end_to_start),
    ):
        added[does_so] += score
    return Chain(
        log_start=_log_allowed(opens) + start_bias,
        log_transition=_log_allowed(continues | starts) + added,
        log_end=_log_allowed(can_end),
        continues=continues,
        type_i=type_i,
        columns=_group_columns(type_i, n_types=len(tag_set.entity_types)),
    )


def _spread_bias(bias: tuple[float, ...] | None, type_i: Ints) -> Floats:
    """Return the bias of each tag's type, 0 for outside. Shape: that of ``type_i``."""
    if bias is None:
        return np.zeros(len(type_i))
    # Outside has the index -1, and so takes what stands last.
    by_type = np.array([*bias, 0.0])
    spread: Floats = by_type[type_i]
    return spread


def _log_allowed(allowed: Bools) -> Floats:
    """Return 0 where something is allowed, and minus infinity elsewhere.

    Shape: that of ``allowed``.
    """
    log: Floats = np.where(allowed, 0.0, -np.inf)
    return log


def _group_columns(type_i: Ints, *, n_types: int) -> Ints:
    """Return the columns of each type, padded with -1.

    Shape: (n_types, most columns of one type).
    """
    members = [np.flatnonzero(type_i == t) for t in range(n_types)]
    width = max(map(len, members), default=0)
    columns = np.full((n_types, width), -1, dtype=np.int64)
    for t, of_type in enumerate(members):
        columns[t, : len(of_type)] = of_type
    return columns


@dataclass(frozen=True, slots=True)
class Packing:
    """Where the segments lie among packed rows, longest first.

    ::

        rows        0 1 2 3 4 5 6 7      segments of 2, 5 and 1 rows
        segments    a a b b b b b c

        first       2 (b)  0 (a)  7 (c)      t = 0: rows 2 0 7
        length      5      2      1          t = 1: rows 3 1      those still running come first
                                             t = 2: rows 4

    Attributes:
        first: The first row of each segment. Shape: (n_segments,).
        length: The number of rows of each segment, falling. Shape: (n_segments,).
        is_first: Whether a row is the first of its segment. Shape: (n_rows,).
        is_last: Whether a row is the last of its segment. Shape: (n_rows,).
    """

    first: Ints
    length: Ints
    is_first: Bools
    is_last: Bools

    @property
    def last(self) -> Ints:
        """The last row of each segment. Shape: (n_segments,)."""
        return self.first + self.length - 1

    def steps(self) -> Iterator[tuple[int, Ints]]:
        """Give, for t = 0, 1, …, the row at place t of each segment that is long enough."""
        n_running = len(self.first)
        n_steps = int(self.length[0]) if n_running else 0
        for t in range(n_steps):
            while self.length[n_running - 1] <= t:
                n_running -= 1
            yield t, self.first[:n_running] + t

    def only(self, wanted: Bools) -> "Packing":
        """Return the packing of some of the segments. Shape of ``wanted``: (n_segments,)."""
        return Packing(self.first[wanted], self.length[wanted], self.is_first, self.is_last)


def pack(lengths: Ints) -> Packing:
    """Return where segments of these lengths lie; empty segments are left out.

    >>> packing = pack(np.array([2, 5, 0, 1]))
    >>> packing.first, packing.length
    (array([2, 0, 7]), array([5, 2, 1]))
    """
    longest_first = np.argsort(-lengths, kind="stable")
    kept = longest_first[lengths[longest_first] > 0]
    ends = np.cumsum(lengths)
    first = (ends - lengths)[kept]
    n_rows = int(lengths.sum())
    packing = Packing(
        first=first,
        length=lengths[kept],
        is_first=np.zeros(n_rows, dtype=bool),
        is_last=np.zeros(n_rows, dtype=bool),
    )
    packing.is_first[packing.first] = True
    packing.is_last[packing.last] = True
    return packing
