"""What settings call the types that networks compute in."""

from typing import Any

import pytest
import torch

from spacy_hf_ner.model.engines.cpu.bf16 import cpu_has_bf16
from spacy_hf_ner.model.engines.precision import cast_to, has_fast_bf16, resolve_precision

CPU = torch.device("cpu")


def test_auto_is_bf16_where_the_hardware_has_it() -> None:
    assert has_fast_bf16(CPU) == cpu_has_bf16()
    assert resolve_precision("auto", CPU) == (torch.bfloat16 if cpu_has_bf16() else None)
    assert not has_fast_bf16(torch.device("meta"))


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_what_is_cast_is_multiplied_in_the_type(dtype: torch.dtype | None) -> None:
    ones = torch.ones(2, 2)
    with cast_to(dtype, CPU):
        assert (ones @ ones).dtype == (dtype or torch.float32)


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("fp32", None), ("none", None), ("bf16", torch.bfloat16), ("fp16", torch.float16)],
)
def test_a_precision_is_what_it_is_called(precision: Any, dtype: torch.dtype | None) -> None:
    assert resolve_precision(precision, torch.device("cpu")) == dtype
