"""Sounds that are no speech, and speech without a voice, made here."""

import numpy as np
from numpy.typing import NDArray

from workers.transcription.transcriber import SAMPLE_RATE, Samples

SEED = 20


def quiet_rooms() -> dict[str, Samples]:
    """What a phone records where nobody speaks, of some seconds each."""
    chance = np.random.default_rng(SEED)
    time = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
    made = {
        "silence": np.zeros(time.size),
        "hiss": chance.normal(0, 0.003, time.size),
        "loud noise": chance.normal(0, 0.1, time.size),
        "a third of a second of noise": chance.normal(0, 0.1, int(0.3 * SAMPLE_RATE)),
        "a third of a second of silence": np.zeros(int(0.3 * SAMPLE_RATE)),
        "mains hum": 0.1 * np.sin(2 * np.pi * 50 * time) + 0.05 * np.sin(2 * np.pi * 150 * time),
        "clicks": np.where(np.arange(time.size) % 8000 == 0, 0.9, 0.0),
        "a chord": sum(
            (0.2 * np.sin(2 * np.pi * hertz * time) for hertz in (220.0, 277.2, 329.6)), np.zeros(time.size)
        ),
        "a cough": _bursts(chance, at=[0.8, 1.3, 2.4], seconds=0.35, band=(200, 3500), level=0.8),
        "applause": _bursts(chance, at=chance.uniform(0, 8, 1500), seconds=0.05, band=(800, 6000), level=0.2),
        "a melody": _melody(chance),
    }
    return {name: np.asarray(np.clip(samples, -1, 1), dtype=np.float32) for name, samples in made.items()}


def whispered(speech: Samples) -> Samples:
    """The same speech whispered: its spectrum without harmonics, with random phases."""
    chance = np.random.default_rng(SEED)
    size, hop = 320, 80
    window = np.hanning(size)
    out = np.zeros(speech.size + size)
    for start in range(0, speech.size - size, hop):
        spectrum = np.abs(np.fft.rfft(speech[start : start + size] * window))
        smooth = np.convolve(np.pad(spectrum, 3, "edge"), np.ones(7) / 7, "valid")
        phases = np.exp(2j * np.pi * chance.random(smooth.size))
        out[start : start + size] += np.fft.irfft(smooth * phases, size) * window
    whisper: Samples = (out[: speech.size] / np.abs(out).max() * np.abs(speech).max()).astype(np.float32)
    return whisper


def _bursts(
    chance: np.random.Generator,
    *,
    at: list[float] | NDArray[np.float64],
    seconds: float,
    band: tuple[int, int],
    level: float,
) -> NDArray[np.float64]:
    """Noise within a band that dies away, at some moments of nine seconds."""
    size = int(seconds * SAMPLE_RATE)
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    samples = np.zeros(9 * SAMPLE_RATE)
    for moment in at:
        spectrum = np.fft.rfft(chance.normal(size=size))
        spectrum[(hertz < band[0]) | (hertz > band[1])] = 0
        burst = np.fft.irfft(spectrum, size) * np.exp(-np.linspace(0, 5, size))
        start = int(moment * SAMPLE_RATE)
        samples[start : start + size] += level * burst / np.abs(burst).max()
    return samples


def _melody(chance: np.random.Generator) -> NDArray[np.float64]:
    """Plucked notes, four a second."""
    size = int(0.4 * SAMPLE_RATE)
    time = np.arange(size) / SAMPLE_RATE
    samples = np.zeros(9 * SAMPLE_RATE)
    for start in range(0, samples.size - size, SAMPLE_RATE // 4):
        hertz = 220 * 2 ** (chance.integers(0, 24) / 12)
        for harmonic in range(1, 6):
            samples[start : start + size] += (
                0.2 / harmonic * np.sin(2 * np.pi * hertz * harmonic * time) * np.exp(-4 * time)
            )
    return samples
