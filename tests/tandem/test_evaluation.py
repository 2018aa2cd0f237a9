"""`tandem evaluate`: a split in its published form is scored, anything else is refused with its line."""

from pathlib import Path

import pytest

from tandem.evaluation import evaluate_goemotions


def test_a_split_is_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of the 28 labels, then the macro average; quotation marks in a comment are part of it."""
    split = tmp_path / "split.tsv"
    split.write_text('Thank you so much!\t15\ta\n"I am so angry\t2\tb\nThe bus is red.\t27\tc\n', encoding="utf-8")

    assert evaluate_goemotions(split) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 29
    assert "gratitude        f1 1.000  texts     1" in lines
    assert lines[-1].startswith("macro")
    assert lines[-1].endswith("texts     3")


@pytest.mark.parametrize(
    ("content", "fault"),
    [("", "empty"), ("only text\n", "line 1"), ("a\t27\tx\nb\t28\ty\n", "line 2"), ("a\tjoy\tx\n", "line 1")],
)
def test_another_file_is_refused(tmp_path: Path, content: str, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the place of the first fault."""
    split = tmp_path / "split.tsv"
    split.write_text(content, encoding="utf-8")

    assert evaluate_goemotions(split) == 2
    assert fault in capsys.readouterr().err


def test_a_missing_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not a traceback."""
    assert evaluate_goemotions(tmp_path / "none.tsv") == 2
    assert "none.tsv" in capsys.readouterr().err
