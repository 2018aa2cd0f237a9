"""Transcription beside faster-whisper: the same model, the same check-ins, one process, words with times from all.

    make bench MANIFEST=../shared/audio/manifest.jsonl

The manifest has "id", "file" (beside it), "set", "lang", "text" (reference; empty: nobody speaks) a line. Clips of one
set and language are put together, in their order, to check-ins of 10 to 60 s. Ratios are of times in this run, which
takes ten minutes; the machine should do nothing else.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import jiwer
import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from schemas.transcript import Transcript
from workers.settings import WorkerSettings
from workers.transcription.hardware import choose_hardware
from workers.transcription.model_files import locate
from workers.transcription.transcriber import SAMPLE_RATE, Recording, Samples
from workers.transcription.whisper import FasterWhisperTranscriber

THREADS = 2
GAP = np.zeros(SAMPLE_RATE // 2, np.float32)
SHORTEST, LONGEST = 10, 60
SEEDS = (4, 5, 6)
"""Each clip is in three check-ins: a third of the chance in which of them it stands."""
ALONE = 5
"""Check-ins nearest to 30 s: with one, chance decides whether faster-whisper falls back to sampling."""


@dataclass(frozen=True)
class CheckIn:
    """Clips of one speaker or set in a row."""

    language: str
    samples: Samples
    text: str

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.samples.size / SAMPLE_RATE


Contender = Callable[[Sequence[CheckIn]], list[str]]


def main(manifest: Path) -> None:
    """Measure and print."""
    clips = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    check_ins = [check_in for seed in SEEDS for check_in in joined(clips, manifest.parent, seed=seed)]
    seconds = sum(check_in.seconds for check_in in check_ins)
    print(f"{len(check_ins)} check-ins of {SHORTEST} to {LONGEST} s, {seconds:.0f} s, {THREADS} threads")
    settings = WorkerSettings()
    model = locate(settings.model, folder=settings.models_folder)
    contenders = _contenders(model)
    for contender in contenders.values():
        contender(check_ins[:2])  # warm
    took: dict[str, float] = {}
    for name, contender in contenders.items():
        began = time.perf_counter()
        texts = contender(check_ins)
        took[name] = time.perf_counter() - began
        english = [(one, text) for one, text in zip(check_ins, texts, strict=True) if one.language == "en"]
        everything = list(zip(check_ins, texts, strict=True))
        print(
            f"{name}: {took[name]:.1f} s, {seconds / took[name]:.1f} times real time, "
            f"WER English {_error_rate(english):.4f}, all {_error_rate(everything):.4f}"
        )
    _ratios(took)
    _invented(contenders, [clip for clip in clips if clip["text"] == ""], manifest.parent)
    _alone(contenders, sorted(check_ins, key=lambda check_in: abs(check_in.seconds - 30))[:ALONE])


def joined(clips: Iterable[dict[str, str]], folder: Path, *, seed: int) -> Iterator[CheckIn]:
    """Clips with speech, put together; the lengths are drawn with a seed."""
    chance = random.Random(seed)
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for clip in clips:
        if clip["text"]:
            set_ = clip.get("set", "")
            speaker = Path(clip["file"]).stem.rsplit("_", 1)[-1].split("-")[0] if "librispeech" in set_ else ""
            groups.setdefault((set_ + speaker, clip["lang"]), []).append(clip)
    for (_, language), members in groups.items():
        batch: list[tuple[Samples, str]] = []
        wanted = chance.uniform(SHORTEST, LONGEST)
        for clip in members:
            samples = decode_audio(str(folder / clip["file"]))
            if batch and (length(batch) + samples.size / SAMPLE_RATE > LONGEST or length(batch) >= wanted):
                yield from _check_in(language, batch)
                batch, wanted = [], chance.uniform(SHORTEST, LONGEST)
            batch.append((samples, clip["text"]))
        yield from _check_in(language, batch)


def length(batch: Sequence[tuple[Samples, str]]) -> float:
    """Seconds, with the gaps."""
    return sum(samples.size + GAP.size for samples, _ in batch) / SAMPLE_RATE


def _check_in(language: str, batch: Sequence[tuple[Samples, str]]) -> Iterator[CheckIn]:
    if length(batch) >= SHORTEST:
        samples = np.concatenate([part for samples, _ in batch for part in (samples, GAP)])
        yield CheckIn(language, samples, " ".join(text for _, text in batch))


def _contenders(model: str) -> dict[str, Contender]:
    plain = WhisperModel(model, compute_type="int8", cpu_threads=THREADS)
    batched = BatchedInferencePipeline(plain)
    ours = FasterWhisperTranscriber(model, choose_hardware("cpu", "default", THREADS))
    return {
        "faster-whisper": lambda many: [_plain(plain, one) for one in many],
        "faster-whisper, batched": lambda many: [_batched(batched, one) for one in many],
        "Tandem": lambda many: _ours(ours, many),
    }


def _plain(model: WhisperModel, check_in: CheckIn) -> str:
    segments, _ = model.transcribe(check_in.samples, word_timestamps=True)
    return "".join(segment.text for segment in segments)


def _batched(model: BatchedInferencePipeline, check_in: CheckIn) -> str:
    segments, _ = model.transcribe(check_in.samples, batch_size=8, word_timestamps=True)
    return "".join(segment.text for segment in segments)


def _ours(transcriber: FasterWhisperTranscriber, check_ins: Sequence[CheckIn]) -> list[str]:
    texts = [""] * len(check_ins)
    for number, heard in transcriber.transcribe([Recording(check_in.samples) for check_in in check_ins]):
        if isinstance(heard, Exception):
            raise heard
        if isinstance(heard, Transcript):
            texts[number] = heard.text
    return texts


def _error_rate(heard: Iterable[tuple[CheckIn, str]]) -> float:
    pairs = [(_normalise(one, one.text), _normalise(one, text)) for one, text in heard]
    return float(jiwer.wer([reference for reference, _ in pairs], [text for _, text in pairs]))


_ENGLISH, _BASIC = EnglishTextNormalizer(), BasicTextNormalizer()


def _normalise(check_in: CheckIn, text: str) -> str:
    return str((_ENGLISH if check_in.language == "en" else _BASIC)(text))


def _ratios(took: dict[str, float]) -> None:
    ours = took["Tandem"]
    for name, seconds in took.items():
        if seconds != ours:
            print(f"Tandem has {seconds / ours:.2f} times the throughput of {name}")


def _invented(contenders: dict[str, Contender], clips: Sequence[dict[str, str]], folder: Path) -> None:
    """On how many clips without speech there are words."""
    silent = [CheckIn("en", decode_audio(str(folder / clip["file"])), "") for clip in clips]
    for name, contender in contenders.items():
        wordy = sum(bool(_BASIC(text).split()) for text in contender(silent))
        print(f"without speech, {name}: words on {wordy} of {len(silent)} clips")


def _alone(contenders: dict[str, Contender], check_ins: Sequence[CheckIn]) -> None:
    """Check-ins of about 30 s, one at a time."""
    took = {name: [_timed(contender, one) for one in check_ins] for name, contender in contenders.items()}
    for name, seconds in took.items():
        ratio = median(ours / plain for ours, plain in zip(seconds, took["faster-whisper"], strict=True))
        print(f"a check-in of 30 s alone, {name}: median {median(seconds):.2f} s, {ratio:.2f} of faster-whisper")


def _timed(contender: Contender, check_in: CheckIn) -> float:
    began = time.perf_counter()
    contender([check_in])
    return time.perf_counter() - began


if __name__ == "__main__":
    main(Path(sys.argv[1]))
