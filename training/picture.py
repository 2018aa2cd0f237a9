"""Draws the reliability curve: how often tags of each confidence are right.

python -m training.picture FOLDER/reliability.json docs/reliability.png
"""

import json
import sys
from pathlib import Path

from matplotlib.figure import Figure


def draw(curve: Path, picture: Path) -> None:
    """One point for each tenth of confidence, as large as it has tags; on the diagonal what is said is true."""
    document = json.loads(curve.read_text(encoding="utf-8"))
    bins = document["bins"]
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--", linewidth=1)
    said, true = [bin_["said"] for bin_ in bins], [bin_["true"] for bin_ in bins]
    axes.plot(said, true, color="#2b5c8a", linewidth=1.5)
    axes.scatter(said, true, s=[max(20, bin_["tags"]) for bin_ in bins], color="#2b5c8a")
    for bin_ in bins:
        place = (bin_["said"], bin_["true"])
        axes.annotate(str(bin_["tags"]), place, xytext=(10, -12), textcoords="offset points", fontsize=8, color="0.35")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence that was given", ylabel="share that was right")
    axes.set_title(f"Candidates on held-out check-ins, mean distance {document['ece']:.3f}", fontsize=10)
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
