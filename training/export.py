"""Writes the trained network as ONNX with 8-bit weights, and its tokenizer beside it.

python -m training.export WEIGHTS FOLDER
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from training.encoder import load_encoder
from training.network import Network

OPSET = 17


class _Shipped(nn.Module):
    """What runs: token scores, and the emotions of the whole text."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        states = self.network.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1)
        mean = (states * weights).sum(dim=1) / weights.sum(dim=1)
        return self.network.tags(states), self.network.tasks["goemotions"](mean)


def export(weights: Path, folder: Path) -> None:
    """`folder` gets `model.onnx` and `tokenizer.json`."""
    encoder, tokenizer = load_encoder()
    encoder.set_attn_implementation("eager")
    state = torch.load(weights, weights_only=True)
    tasks = {
        name.split(".")[1]: len(bias)
        for name, bias in state.items()
        if name.startswith("tasks.") and name.endswith("bias")
    }
    network = Network(encoder, tasks)
    network.load_state_dict(state)
    ids, mask = torch.randint(10, 1000, (2, 24)), torch.ones(2, 24)
    axes = {0: "texts", 1: "tokens"}
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        whole, prepared = Path(scratch) / "whole.onnx", Path(scratch) / "prepared.onnx"
        torch.onnx.export(
            _Shipped(network).eval(),
            (ids, mask),
            str(whole),
            input_names=["ids", "mask"],
            output_names=["scores", "emotions"],
            dynamic_axes={"ids": axes, "mask": axes, "scores": axes, "emotions": {0: "texts"}},
            dynamo=False,
            opset_version=OPSET,
        )
        quant_pre_process(whole, prepared, skip_symbolic_shape=True)
        quantize_dynamic(prepared, folder / "model.onnx", weight_type=QuantType.QInt8, per_channel=True)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))
