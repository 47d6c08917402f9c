"""Linear layers in 8-bit integers give nearly what they give in float32."""

import math

import pytest
import torch
from torch import nn

from spacy_hf_ner.model.engines.cpu import int8_linear
from spacy_hf_ner.model.engines.cpu.int8_linear import RangeLinear, RowLinear, can_multiply_int8
from spacy_hf_ner.model.engines.cpu.packing import Function

NO_COLUMNS = torch.zeros(0, dtype=torch.int64)
needs_int8 = pytest.mark.skipif(not can_multiply_int8(), reason="this CPU has no VNNI")


def _make_layer(n_inputs: int = 64, n_outputs: int = 48, *, bias: bool = True) -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(n_inputs, n_outputs, bias=bias).requires_grad_(requires_grad=False)


def _measure_error(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found.float() - expected).norm() / expected.norm())


@needs_int8
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_each_row_has_a_scale(dtype: torch.dtype, *, bias: bool) -> None:
    layer = _make_layer(bias=bias)
    rows = torch.randn(5, 7, 64) * torch.logspace(-3, 3, 7)[:, None]
    found = RowLinear(layer, NO_COLUMNS, dtype)(rows)
    assert found.dtype == dtype
    assert found.shape == (5, 7, 48)
    for row in range(7):  # the small ones are as exact as the large ones
        expected = layer(rows[:, row])
        assert _measure_error(found[:, row], expected) < 0.02


@needs_int8
def test_wide_columns_do_not_spoil_the_others() -> None:
    layer = _make_layer()
    rows = torch.randn(20, 64)
    rows[:, 5] *= 1000.0
    layer.weight[:, 5] *= 0.001
    expected = layer(rows)
    wide = torch.tensor([5])
    spoiled = _measure_error(RowLinear(layer, NO_COLUMNS, torch.float32)(rows), expected)
    found = _measure_error(RowLinear(layer, wide, torch.float32)(rows.clone()), expected)
    assert spoiled > 0.1
    assert found < 0.02


@needs_int8
def test_inputs_are_overwritten_only_where_nobody_needs_them() -> None:
    layer = _make_layer()
    wide = torch.tensor([5])
    rows = torch.randn(3, 64)
    kept = rows.clone()
    outputs = RowLinear(layer, wide, torch.float32)(rows)
    assert torch.equal(rows, kept)
    again = RowLinear(layer, wide, torch.float32, overwrites=True)(rows)
    assert torch.equal(outputs, again)
    assert not torch.equal(rows, kept)


@needs_int8
@pytest.mark.parametrize("function", ["none", "gelu"])
def test_ranges_of_very_different_columns_are_shared_fairly(function: Function) -> None:
    layer = _make_layer()
    widths = torch.logspace(-1, 1.3, 64)
    layer.weight /= widths
    rows = torch.randn(4, 30, 64).clamp(-3, 3) * widths + 2 * widths
    lowest, highest = rows.flatten(0, 1).amin(dim=0), rows.flatten(0, 1).amax(dim=0)
    expected = layer(rows)
    if function == "gelu":
        expected = nn.functional.gelu(expected)
    found = RangeLinear(layer, lowest, highest, torch.float32, function)(rows)
    assert _measure_error(found, expected) < 0.03


@needs_int8
def test_what_is_out_of_its_range_counts_as_its_end() -> None:
    layer = _make_layer()
    ends = torch.ones(64)
    quantized = RangeLinear(layer, -ends, ends, torch.float32)
    far = quantized(torch.full((1, 64), 50.0))
    # Each column is wider by a margin, or more where its weights are small.
    assert torch.isfinite(far).all()
    assert far.norm() < 0.2 * layer(torch.full((1, 64), 50.0)).norm()


@needs_int8
def test_a_row_alone_gives_what_it_gives_among_others() -> None:
    layer = _make_layer()
    rows = torch.randn(40, 64)
    ends = torch.full((64,), 4.0)
    by_row = RowLinear(layer, torch.tensor([1, 2]), torch.float32)
    by_range = RangeLinear(layer, -ends, ends, torch.float32)
    for quantized in (by_row, by_range):
        together, alone = quantized(rows)[17:18], quantized(rows[17:18])
        assert (together - alone).abs().max() < 1e-5  # sums in another order


@needs_int8
def test_rows_of_zeros_and_weights_of_zeros_give_the_bias() -> None:
    layer = _make_layer()
    layer.weight[3] = 0.0
    found = RowLinear(layer, NO_COLUMNS, torch.float32)(torch.zeros(2, 64))
    assert torch.allclose(found, layer.bias.expand(2, -1), atol=1e-6)
    other = RowLinear(layer, NO_COLUMNS, torch.float32)(torch.randn(2, 64))
    assert math.isclose(float(other[0, 3]), float(layer.bias[3]), abs_tol=1e-6)


@pytest.mark.parametrize("missing", ["_MULTIPLY", "_REORDER", "_QUANTIZE_ROWS"])
def test_a_build_of_torch_without_an_operation_cannot(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8_linear, missing, None)
    assert not can_multiply_int8.__wrapped__()


def test_a_cpu_without_vnni_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: False)
    assert not can_multiply_int8.__wrapped__()
