"""The tagging stage: a transcript's text becomes tags, the tags become places in the audio."""
