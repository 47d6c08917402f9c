"""Attention on CPUs, by the faster of two ways.

torch's fused kernel saves memory. In bfloat16 it takes 1.4 to 2.2 times as long as two matrix
products with a softmax between them, on rows of any length that a window has; in float32 it is the
faster one (``benchmarks/attention.py``).
"""

import torch
from torch.nn import functional

__all__ = ["attend", "attend_by_products"]

# The scores that are computed at once: as many as stay in the cache.
_N_SCORES = 2**20


def attend(projected: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Return what all heads read.

    Args:
        projected: Queries, which are scaled already, keys and values. Shape: (n_windows, length,
            3, n_heads, head_size).
        mask: What is added to the scores of keys, or whether they are read; None where there is no
            padding. Shape: (n_windows, 1, 1, length).

    Returns:
        Shape: (n_windows, length, n_heads * head_size).
    """
    heads = projected.permute(2, 0, 3, 1, 4)
    if projected.dtype is torch.bfloat16:
        read = attend_by_products(heads, mask)
    else:
        mask = None if mask is None else mask.expand(-1, -1, projected.shape[1], -1)
        query, key, value = heads
        read = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=1.0)
    return read.transpose(1, 2).flatten(-2)


def attend_by_products(heads: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Return what all heads read. Shape: (n_windows, n_heads, length, head_size).

    Args:
        heads: Shape: (3, n_windows, n_heads, length, head_size).
        mask: Shape: (n_windows, 1, 1, length).
    """
    _, n_windows, n_heads, length, head_size = heads.shape
    queries, keys, values = heads.reshape(3, n_windows * n_heads, length, head_size)
    added = None
    if mask is not None:
        added = _as_summand(mask, heads.dtype).expand(n_windows, n_heads, 1, length)
        added = added.reshape(-1, 1, length)
    read = torch.empty_like(values)
    n_rows = max(1, _N_SCORES // length**2)
    for start in range(0, len(queries), n_rows):
        part = slice(start, start + n_rows)
        scores = torch.bmm(queries[part], keys[part].transpose(1, 2))
        if added is not None:
            scores += added[part]
        torch.bmm(torch.softmax(scores, dim=-1), values[part], out=read[part])
    return read.view(n_windows, n_heads, length, head_size)


def _as_summand(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return a mask as what is added to scores: 0 where a key is read."""
    if mask.dtype is not torch.bool:
        return mask.to(dtype)
    return torch.zeros_like(mask, dtype=dtype).masked_fill_(~mask, torch.finfo(dtype).min)
