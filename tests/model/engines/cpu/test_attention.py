"""Attention by products gives what torch's kernel gives."""

import pytest
import torch
from torch.nn import functional

from spacy_hf_ner.model.engines.cpu.attention import attend

FLOAT32, BFLOAT16 = torch.float32, torch.bfloat16


def _draw(n_windows: int, length: int, dtype: torch.dtype, head_size: int = 8) -> torch.Tensor:
    draws = torch.Generator().manual_seed(1)
    projected = torch.randn(n_windows, length, 3, 2, head_size, generator=draws)
    projected[:, :, 0] *= head_size**-0.5
    return projected.to(dtype)


def _attend_as_torch(projected: torch.Tensor, is_read: torch.Tensor | None) -> torch.Tensor:
    query, key, value = projected.float().permute(2, 0, 3, 1, 4)
    read = functional.scaled_dot_product_attention(query, key, value, attn_mask=is_read, scale=1.0)
    return read.transpose(1, 2).flatten(-2)


# The last two are cut in parts, as more scores are not computed at once.
@pytest.mark.parametrize(("n_windows", "length"), [(5, 1), (4, 16), (2, 33), (40, 200), (2, 1100)])
@pytest.mark.parametrize("dtype", [FLOAT32, BFLOAT16])
@pytest.mark.parametrize("is_padded", [False, True])
def test_heads_read_what_they_read_by_the_kernel(
    n_windows: int, length: int, dtype: torch.dtype, *, is_padded: bool
) -> None:
    projected = _draw(n_windows, length, dtype)
    is_read = torch.ones(n_windows, 1, 1, length, dtype=torch.bool)
    is_read[1:, ..., max(1, length - 3) :] = False
    expected = _attend_as_torch(projected, is_read if is_padded else None)
    tolerance = 1e-5 if dtype is FLOAT32 else 0.03
    added = torch.zeros(is_read.shape, dtype=dtype)
    added.masked_fill_(~is_read, torch.finfo(dtype).min)
    for mask in (is_read, added) if is_padded else (None,):
        found = attend(projected, mask)
        assert found.dtype == dtype
        assert found.shape == (n_windows, length, 16)
        assert (found.float() - expected).abs().max() < tolerance


def test_a_text_reads_the_same_beside_others() -> None:
    projected = _draw(6, 24, FLOAT32)
    together = attend(projected, None)
    alone = attend(projected[4:5], None)
    assert (together[4] - alone[0]).abs().max() < 1e-6
