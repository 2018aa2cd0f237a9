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
"""Tokens that neighbouring windows share."""
_TOKENS_IN_BATCH = 4096
_OPENING, _PADDING, _CLOSING = 0, 1, 2


@dataclass(frozen=True)
class EncodedText:
    """The tokens of a text: `offsets` are their characters (start, end), `scores` (tokens, WIDTH) what they are."""

    offsets: Sequence[tuple[int, int]]
    scores: NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """Tokens that are read at once: `ids`, of text number `text`, from token `start` on; `kept` of them count here."""

    text: int
    start: int
    ids: Sequence[int]
    kept: range
    """Tokens of the text, not of the window."""


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
        windows = [window for text, encoding in enumerate(encodings) for window in windows_of(text, encoding.ids)]
        for batch in _batches(windows):
            (scores,) = self._session.run(["scores"], _feed([window.ids for window in batch]))
            for window, row in zip(batch, scores, strict=True):
                first, end = window.kept.start, window.kept.stop
                opening = 1 - window.start  # the row has a token before the first
                scored[window.text][first:end] = row[first + opening : end + opening]
        return [EncodedText(encoding.offsets, scores) for encoding, scores in zip(encodings, scored, strict=True)]

    def emotions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Logits (texts, 28) of the GoEmotions labels; of a text, the first window counts."""
        ids = [
            encoding.ids[:_WINDOW] for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ]
        (logits,) = self._session.run(["emotions"], _feed(ids))
        result: NDArray[np.float32] = logits
        return result


def windows_of(text: int, ids: Sequence[int]) -> list[Window]:
    """Windows that cover `ids`; of what two of them share, each keeps the half that is farther from its edge."""
    starts = range(0, max(1, len(ids) - _OVERLAP), _WINDOW - _OVERLAP) if ids else range(0)
    windows = []
    for start in starts:
        end = min(start + _WINDOW, len(ids))
        first = start + _OVERLAP // 2 if start else 0
        last = end if end == len(ids) else end - _OVERLAP // 2
        windows.append(Window(text, start, ids[start:end], range(first, last)))
    return windows


def _batches(windows: list[Window]) -> list[list[Window]]:
    """Windows of like length together, so that little is padded, and never so many that memory grows."""
    batches: list[list[Window]] = []
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
