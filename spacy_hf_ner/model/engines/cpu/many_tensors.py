"""One operation on many tensors at once; torch has no public name for it."""

import torch

__all__ = ["move_towards"]


def move_towards(tensors: list[torch.Tensor], goals: list[torch.Tensor], share: float) -> None:
    """Move each tensor a share of the way to its goal, in place.

    >>> tensor = torch.tensor([0.0, 4.0])
    >>> move_towards([tensor], [torch.tensor([1.0, 0.0])], 0.25)
    >>> tensor.tolist()
    [0.25, 3.0]
    """
    # torch's own averaged models call it; one by one the tensors of a network take longer.
    torch._foreach_lerp_(tensors, goals, share)
