"""Word error rate beside plain faster-whisper: same model, same clips, one run.

    .venv/bin/python bench/words.py MANIFEST.jsonl

The manifest has "file" (beside it), "text" (reference; empty: nobody speaks; null: unknown) and "lang" a line.
"""

import json
import sys
from pathlib import Path

import jiwer
from faster_whisper import WhisperModel, decode_audio
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from workers.settings import WorkerSettings
from workers.transcription.model_files import locate
from workers.transcription.transcriber import NoSpeech, Samples
from workers.transcription.whisper import FasterWhisperTranscriber


def main(manifest: Path) -> None:
    """Print both, over English and over the clips without speech."""
    settings = WorkerSettings()
    model = locate(settings.model, folder=settings.models_folder)
    ours, plain = FasterWhisperTranscriber(model, threads=2), WhisperModel(model, compute_type="int8", cpu_threads=2)
    clips = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    heard: dict[str, list[tuple[str, str]]] = {"Tandem": [], "faster-whisper": []}
    invented = dict.fromkeys(heard, 0)
    for clip in clips:
        if clip["text"] is None or (clip["text"] and clip["lang"] != "en"):
            continue
        samples = decode_audio(str(manifest.parent / clip["file"]))
        said = {"Tandem": _ours(ours, samples), "faster-whisper": _plain(plain, samples)}
        for name, text in said.items():
            if clip["text"]:
                heard[name].append((EnglishTextNormalizer()(clip["text"]), EnglishTextNormalizer()(text)))
            else:
                invented[name] += bool(BasicTextNormalizer()(text).split())
    for name, pairs in heard.items():
        error_rate = jiwer.wer([reference for reference, _ in pairs], [text for _, text in pairs])
        print(f"{name}: {error_rate:.4f} over {len(pairs)} clips; invents words on {invented[name]} without speech")


def _ours(transcriber: FasterWhisperTranscriber, samples: Samples) -> str:
    heard = transcriber.transcribe(samples)
    return "" if isinstance(heard, NoSpeech) else heard.text


def _plain(model: WhisperModel, samples: Samples) -> str:
    segments, _ = model.transcribe(samples, beam_size=5)
    return " ".join(segment.text.strip() for segment in segments)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
