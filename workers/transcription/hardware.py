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
    threads: int
    """How many pieces of work are done at once, on one core each; on a GPU 1."""


def choose_hardware(device: str = "auto", compute_type: str = "default", threads: int = 0) -> Hardware:
    """CUDA where there is some, else a thread for each core; int8 on the CPU, the model's own type on CUDA."""
    if device == "auto":
        device = "cuda" if ctranslate2.get_cuda_device_count() > 0 else "cpu"
    on_cpu = device == "cpu"
    type_ = "int8" if on_cpu and compute_type == "default" else compute_type
    return Hardware(device, type_, (threads or os.cpu_count() or 1) if on_cpu else 1)
