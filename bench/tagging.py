"""What tagging costs: one check-in at a time on one core, beside an unquantised BERT-base on the same texts.

    make bench-tagging, or: PYTHONPATH=. .venv-train/bin/python bench/tagging.py

BERT-base is built with random weights (they cost the same) and runs in the same onnxruntime, one thread, with the
same tokens. The texts are the check-ins of the corpus of 140 to 160 words.
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from training.corpus import load_corpus
from workers.tagging.encoder import MODEL_FOLDER
from workers.tagging.model_tagger import ModelTagger

ROUNDS = 3


def main() -> None:
    """Print milliseconds for a check-in, the ratio, and the memory of a process that only tags."""
    texts = [record.text for record in load_corpus() if 140 <= len(record.text.split()) <= 160]
    tagger = ModelTagger()
    tagger.tag(texts[0])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ours = _median_ms(tagger.tag, texts)
    print(f"{len(texts)} check-ins of 140 to 160 words, one thread, onnxruntime {onnxruntime.__version__}")
    print(f"Tandem, whole tagger: {ours:.1f} ms a check-in; {memory:.0f} MB for the process")
    try:
        bert = _bert_base()
    except ImportError:
        sys.exit("the comparison needs the packages of the `train` extra: run it with .venv-train/bin/python")
    theirs = _median_ms(bert, texts)
    print(f"BERT-base, 32 bit, encoder alone: {theirs:.1f} ms; ratio {theirs / ours:.1f}")


def _median_ms(run: Callable[[str], object], texts: list[str]) -> float:
    times = []
    for _ in range(ROUNDS):
        for text in texts:
            began = time.perf_counter()
            run(text)
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _bert_base() -> Callable[[str], object]:
    import torch  # noqa: PLC0415 - not needed for our own figures
    from transformers import BertConfig, BertModel  # noqa: PLC0415

    tokenizer = Tokenizer.from_file(str(MODEL_FOLDER / "tokenizer.json"))

    class Encoder(torch.nn.Module):
        """Token numbers and mask in, states out, with no names to guess."""

        def __init__(self) -> None:
            super().__init__()
            self.bert = BertModel(BertConfig(attn_implementation="eager"), add_pooling_layer=False)

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.bert(input_ids=ids, attention_mask=mask).last_hidden_state

    model = Encoder().eval()
    ids = torch.ones(1, 16, dtype=torch.long)
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "bert.onnx"
        axes = {0: "texts", 1: "tokens"}
        torch.onnx.export(
            model,
            (ids, torch.ones_like(ids)),
            str(path),
            input_names=["ids", "mask"],
            output_names=["states"],
            dynamic_axes={"ids": axes, "mask": axes, "states": axes},
            dynamo=False,
            opset_version=17,
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(text: str) -> object:
        tokens = np.array([tokenizer.encode(text).ids[:512]], np.int64)
        return session.run(None, {"ids": tokens, "mask": np.ones_like(tokens)})

    return run


if __name__ == "__main__":
    main()
