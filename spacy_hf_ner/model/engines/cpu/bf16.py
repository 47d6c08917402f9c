"""Whether a CPU multiplies bfloat16 matrices by itself; torch has no public way to ask."""

import torch

__all__ = ["cpu_has_bf16"]

# AMX and AVX512-BF16. The probes are private, and not in every version of torch.
_PROBES = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")


def cpu_has_bf16() -> bool:
    """Tell whether this CPU multiplies bfloat16 matrices natively; False where torch cannot say."""
    for name in _PROBES:
        probe = getattr(torch.cpu, name, None)
        if probe is not None and probe():
            return True
    return False
