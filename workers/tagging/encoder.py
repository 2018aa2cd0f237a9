"""The shipped network (ONNX): texts go in, scores of their tokens come out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from workers.tagging.scores import WIDTH

MODEL_FOLDER = Path(__file__).parent / "data" / "model"
_WINDOW = 382
"""Tokens the network reads at once, beside the two that open and close; it was trained on texts of up to 400."""
_OVERLAP = 64
"""Tokens that neighbouring windows share; each takes the half that is farther from its edge."""
_TOKENS_IN_BATCH = 4096
_OPENING, _PADDING, _CLOSING = 0, 1, 2


@dataclass(frozen=True)
class EncodedText:
    """The tokens of a text: `offsets` are their characters (start, end), `scores` (tokens, WIDTH) what they are."""

    offsets: Sequence[tuple[int, int]]
    scores: NDArray[np.float32]


@dataclass(frozen=True)
class _Window:
    text: int
    first: int
    ids: Sequence[int]


class Encoder:
    """Loads the network once. Uses `threads` cores; safe to call from several threads."""

    def __init__(self, folder: Path = MODEL_FOLDER, *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # the arena keeps what the longest text took
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """The scored tokens of each text, in the order of `texts`; any length goes."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        scored = [np.zeros((len(encoding.ids), WIDTH), np.float32) for encoding in encodings]
        windows = [window for text, encoding in enumerate(encodings) for window in _windows(text, encoding.ids)]
        for batch in _batches(windows):
            (scores,) = self._session.run(["scores"], _feed([window.ids for window in batch]))
            for window, row in zip(batch, scores, strict=True):
                skipped = _OVERLAP // 2 if window.first else 0
                first, end = window.first + skipped, window.first + len(window.ids)
                scored[window.text][first:end] = row[1 + skipped : 1 + len(window.ids)]
        return [EncodedText(encoding.offsets, scores) for encoding, scores in zip(encodings, scored, strict=True)]

    def emotions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Logits (texts, 28) of the GoEmotions labels; of a text, the first window counts."""
        ids = [
            encoding.ids[:_WINDOW] for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ]
        (logits,) = self._session.run(["emotions"], _feed(ids))
        result: NDArray[np.float32] = logits
        return result


def _windows(text: int, ids: Sequence[int]) -> list[_Window]:
    """Windows that cover `ids`, in order: a later one overwrites its half of what it shares with the one before."""
    starts = range(0, max(1, len(ids) - _OVERLAP), _WINDOW - _OVERLAP)
    return [_Window(text, start, ids[start : start + _WINDOW]) for start in starts if ids]


def _batches(windows: list[_Window]) -> list[list[_Window]]:
    """Windows of like length together, so that little is padded, and never so many that memory grows."""
    batches: list[list[_Window]] = []
    for window in sorted(windows, key=lambda window: (len(window.ids), window.text)):
        if batches and (len(batches[-1]) + 1) * (len(window.ids) + 2) <= _TOKENS_IN_BATCH:
            batches[-1].append(window)
        else:
            batches.append([window])
    return batches


def _feed(rows: Sequence[Sequence[int]]) -> dict[str, NDArray[np.int64] | NDArray[np.float32]]:
    longest = max(map(len, rows)) + 2
    ids = np.full((len(rows), longest), _PADDING, np.int64)
    mask = np.zeros((len(rows), longest), np.float32)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens) + 2] = [_OPENING, *tokens, _CLOSING]
        mask[row, : len(tokens) + 2] = 1
    return {"ids": ids, "mask": mask}
