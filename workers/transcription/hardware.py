"""What a speech model runs on."""

import os
from dataclasses import dataclass

import ctranslate2


@dataclass(frozen=True)
class Hardware:
    """What a model runs on."""

    device: str
    """cpu or cuda."""
    compute_type: str
    """CTranslate2's."""
    batches: int
    """How many are decoded side by side; on a GPU 1."""
    threads: int
    """CPU threads for each of them."""


_MOST_BATCHES = 4
"""With more cores each batch gets more of them, so that a recording alone does not leave them idle."""


def choose_hardware(device: str = "auto", compute_type: str = "default", threads: int = 0) -> Hardware:
    """CUDA where there is some, else all cores or so many threads; int8 on the CPU, the model's own type on CUDA."""
    if device == "auto":
        device = "cuda" if ctranslate2.get_cuda_device_count() > 0 else "cpu"
    threads = threads or os.cpu_count() or 1
    if device != "cpu":
        return Hardware(device, compute_type, batches=1, threads=threads)
    numbers = range(min(2, threads), min(threads, _MOST_BATCHES) + 1)
    batches = max(numbers, key=lambda n: (threads // n * n, n))  # whichever leaves the fewest threads over
    type_ = "int8" if compute_type == "default" else compute_type
    return Hardware(device, type_, batches, threads // batches)


def supported_types(device: str) -> frozenset[str]:
    """The compute types that a device can do; none where there is no such device."""
    if device == "cuda" and ctranslate2.get_cuda_device_count() == 0:
        return frozenset()
    return frozenset(ctranslate2.get_supported_compute_types(device))
