"""The command line without a server."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tandem.__main__ import app
from tandem.demo import RECORDINGS, word_error_rate

runner = CliRunner()
SPEECH = RECORDINGS / "librispeech_1688-142285-0006.flac"


def test_tag_answers_line_by_line() -> None:
    """Id and tags, each with the fields of the guideline and a confidence."""
    lines = [
        {"id": "1", "text": "I feel calm today."},
        {"id": "2", "text": ""},
        {"id": "3", "text": "😀 I am so angry."},
    ]
    answer = runner.invoke(app, ["tag", "--jsonl"], input="\n".join(map(json.dumps, lines)) + "\n\n")

    assert answer.exit_code == 0
    found = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [line["id"] for line in found] == ["1", "2", "3"]
    assert found[1]["tags"] == []
    calm, angry = found[0]["tags"][0], found[2]["tags"][0]
    assert set(calm) == {"kind", "label", "start", "end", "holder", "negated", "past", "confidence"}
    assert (calm["kind"], calm["label"]) == ("feeling", "peaceful")
    assert lines[2]["text"][angry["start"] : angry["end"]] == "so angry"


@pytest.mark.parametrize("line", ["not json", '{"id": "1"}', "[]", '{"id": 1, "text": "x"}'])
def test_tag_names_the_line_that_does_not_fit(line: str) -> None:
    """Exit status 2, and what was expected."""
    answer = runner.invoke(app, ["tag", "--jsonl"], input='{"id": "1", "text": ""}\n' + line)

    assert answer.exit_code == 2
    assert "line 2" in answer.stderr


def test_tag_reads_for_people_too() -> None:
    """A line for each tag, and what would be asked back."""
    answer = runner.invoke(app, ["tag"], input="I feel calm today. You never listen to me.")

    assert "feeling peaceful (self; " in answer.stdout
    assert "When you say “You never listen to me”, do you feel frustrated or discouraged" in answer.stdout


def test_tag_adds_what_is_asked_back_where_it_is_wanted() -> None:
    """Null for what is not asked about."""
    line = json.dumps({"id": "1", "text": "I was so scared. You have to call me tomorrow."})
    answer = runner.invoke(app, ["tag", "--jsonl", "--reflect"], input=line)

    reflections = {tag["kind"]: tag["reflection"] for tag in json.loads(answer.stdout)["tags"]}
    assert reflections["feeling"] is None
    assert reflections["demand"]["request"] == "Would you be willing to call me tomorrow?"


def test_transcribe_goes_on_after_a_file_it_cannot_read(tmp_path: Path) -> None:
    """Exit status 1; the others are transcribed."""
    text = tmp_path / "text.m4a"
    text.write_text("I would rather write.")
    shutil.copy(SPEECH, tmp_path / "speech.bin")
    files = [str(text), str(tmp_path / "missing.wav"), str(tmp_path / "speech.bin")]
    answer = runner.invoke(app, ["transcribe", "--json", *files])

    assert answer.exit_code == 1
    assert "text.m4a: This is not a recording we can read" in answer.stderr
    assert "missing.wav: No such file" in answer.stderr
    heard = json.loads(answer.stdout)
    assert heard["file"] == files[2]
    assert heard["language"] == "en"
    assert word_error_rate("I don't think Mr. Hale you have done quite right", heard["text"][:60]) < 0.5
    assert all(set(word) == {"text", "start", "end", "probability", "offset"} for word in heard["words"])


def test_transcribe_takes_what_is_known_of_the_speaker() -> None:
    """Languages to detect among, names, and a translation; files come back in their order, whoever is done first."""
    spanish, english = RECORDINGS / "mls_es_13697_11991.opus", RECORDINGS / "ami_es2011a_0040.wav"
    options = ["--json", "--translate", "--languages", "es, en", "--vocabulary", "Abigail Claflin, Abbie"]
    answer = runner.invoke(app, ["transcribe", *options, str(spanish), str(english)])

    assert answer.exit_code == 0
    first, second = (json.loads(line) for line in answer.stdout.splitlines())
    assert (first["language"], first["translation"]["language"]) == ("es", "en")
    assert "Claflin" in second["text"]
    assert second["translation"] is None


def test_the_bar_is_for_a_terminal_and_the_words_for_the_file(tmp_path: Path) -> None:
    """With standard error on a terminal and standard output in a file, each gets its own."""
    terminal, theirs = pty.openpty()
    command = [sys.executable, "-m", "tandem", "transcribe", "--json", str(SPEECH)]
    with (tmp_path / "heard.jsonl").open("wb") as heard:
        subprocess.run(command, stdout=heard, stderr=theirs, check=True)
    os.close(theirs)

    assert json.loads((tmp_path / "heard.jsonl").read_text())["language"] == "en"
    assert b"Listening" in os.read(terminal, 65536)


def test_a_worker_of_an_unknown_kind_is_refused() -> None:
    """The kinds are named."""
    answer = runner.invoke(app, ["worker", "heavy"])

    assert answer.exit_code == 2
    assert "transcription, light" in " ".join(answer.stderr.split())


def test_alive_tells_a_recent_beat_from_an_old_one(tmp_path: Path) -> None:
    """The health check of a worker's container."""
    beat = tmp_path / "beat"
    assert runner.invoke(app, ["alive", str(beat)]).exit_code == 1
    beat.touch()
    assert runner.invoke(app, ["alive", str(beat)]).exit_code == 0
    assert runner.invoke(app, ["alive", str(beat), "--within", "-1"]).exit_code == 1


def test_word_error_rate_counts_edits_of_words() -> None:
    """Substitution, insertion and deletion each count once; case and punctuation do not."""
    assert word_error_rate("It's a fine day", "it's, a FINE day!") == 0
    assert word_error_rate("a b c d", "a x c d e") == 0.5
    assert word_error_rate("a b", "") == 1


def test_a_line_that_does_not_fit_costs_one_line() -> None:
    """Those after it are tagged."""
    answer = runner.invoke(app, ["tag", "--jsonl"], input='nonsense\n{"id": "2", "text": "I feel calm."}\n')

    assert answer.exit_code == 2
    assert json.loads(answer.stdout)["id"] == "2"


@pytest.mark.parametrize(
    ("command", "env", "said"),
    [
        (["migrate"], {"TANDEM_PORT": "abc", "TANDEM_LEASE_SECONDS": "soon"}, "TANDEM_LEASE_SECONDS: "),
        (["doctor"], {"TANDEM_PORT": "abc"}, "TANDEM_PORT: "),
        (["migrate"], {"TANDEM_DATABASE_URL": "nonsense"}, "TANDEM_DATABASE_URL is not a database URL"),
        (["tag", "nowhere.txt"], {}, "nowhere.txt: No such file"),
        (["transcribe", str(SPEECH)], {"TANDEM_COMPUTE_TYPE": "int9"}, "cannot be loaded"),
        (["transcribe", "--languages", "en,english", str(SPEECH)], {}, "english: give ISO 639-1 codes"),
        (["up"], {"TANDEM_DATA_FOLDER": "/proc/nowhere"}, "/proc/nowhere: No such file"),
    ],
    ids=["lease", "port", "database", "file", "compute type", "languages", "folder"],
)
def test_what_does_not_fit_is_said_in_a_line(command: list[str], env: dict[str, str], said: str) -> None:
    """By the name under which it was given, and without a trace."""
    answer = subprocess.run(
        [sys.executable, "-m", "tandem", *command], env=os.environ | env, capture_output=True, text=True, check=False
    )

    assert answer.returncode in {1, 2}
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
