"""What a model is given to run on."""

import pytest

from workers.transcription.hardware import choose_hardware


@pytest.mark.parametrize("threads", range(1, 33))
def test_nearly_all_threads_are_used(threads: int) -> None:
    """By up to four batches, of at least two where there are two."""
    chosen = choose_hardware("cpu", threads=threads)
    assert chosen.batches in range(min(2, threads), 5)
    assert threads - 1 <= chosen.batches * chosen.threads <= threads


def test_int8_is_for_the_cpu() -> None:
    """Unless another type is asked for; a GPU takes the type of the model, and one batch."""
    assert choose_hardware("cpu").compute_type == "int8"
    assert choose_hardware("cpu", "float32").compute_type == "float32"
    assert (choose_hardware("cuda").compute_type, choose_hardware("cuda").batches) == ("default", 1)
