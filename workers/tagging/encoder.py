"""The network (ONNX): texts go in, scores of their tokens come out."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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
_OPENING, _CLOSING = 0, 2


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
    """Loads the network once. Reads `threads` texts at a time; safe to call from several threads."""

    def __init__(self, folder: Path = MODEL_FOLDER, *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        pool = ThreadPoolExecutor(threads, thread_name_prefix="encoder") if threads > 1 else None
        self._map = pool.map if pool else map  # handing one text to another thread costs a tenth of its time
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """The scored tokens of each text, in the order of `texts`; any length goes."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        scored = [np.zeros((len(encoding.ids), WIDTH), np.float32) for encoding in encodings]
        windows = [window for text, encoding in enumerate(encodings) for window in windows_of(text, encoding.ids)]
        for window, row in zip(windows, self._map(self._score, windows), strict=True):
            first, end = window.kept.start, window.kept.stop
            opening = 1 - window.start  # the row has a token before the first
            scored[window.text][first:end] = row[first + opening : end + opening]
        return [EncodedText(encoding.offsets, scores) for encoding, scores in zip(encodings, scored, strict=True)]

    def emotions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Logits (texts, 28) of the GoEmotions labels; of a text, the first window counts."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        rows = self._map(lambda encoding: self._run("emotions", encoding.ids[:_WINDOW]), encodings)
        return np.stack(list(rows))

    def _score(self, window: Window) -> NDArray[np.float32]:
        return self._run("scores", window.ids)

    def _run(self, output: str, tokens: Sequence[int]) -> NDArray[np.float32]:
        """One text alone: the 8-bit steps are as wide as the largest number in all that is read at once.

        In a batch the tags of a text would depend on its neighbours.
        """
        ids = np.array([[_OPENING, *tokens, _CLOSING]], np.int64)
        (result,) = self._session.run([output], {"ids": ids, "mask": np.ones(ids.shape, np.float32)})
        row: NDArray[np.float32] = result[0]
        return row


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
