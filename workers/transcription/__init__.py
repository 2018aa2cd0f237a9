"""Transcription: samples become words with times and probabilities, or the finding that nobody spoke."""
