"""`manage.py`, one command after the other in one process: Python and Django take longer to start than most of them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import traceback
from contextlib import redirect_stdout
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connections

ROOT = Path(__file__).resolve().parents[2]
MODULE = "tests.e2e.commands"


class Commands:
    """That process. `environment` is its own; `log` takes what it says beside the answers."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.log, self.turn = log, threading.Lock()
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", MODULE],
                cwd=ROOT,
                env=environment | {"DJANGO_SETTINGS_MODULE": "agentic.settings"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def __call__(self, *words: str) -> str:
        """What the command prints; AssertionError with the traceback of one that fails."""
        assert self.process.stdin
        assert self.process.stdout
        with self.turn:
            self.process.stdin.write(json.dumps(words) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        assert answer, self.log.read_text()
        said, error = json.loads(answer)
        assert not error, said + error
        return str(said)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def main() -> None:
    django.setup()
    answers = sys.stdout
    for line in sys.stdin:
        print(json.dumps(carried_out(json.loads(line))), file=answers, flush=True)


def carried_out(words: list[str]) -> tuple[str, str]:
    """What it says, and its traceback if it fails."""
    said, error = io.StringIO(), ""
    with redirect_stdout(said):
        try:
            call_command(*words)
        except (Exception, SystemExit):  # noqa: BLE001 - it is told to whoever asked
            error = traceback.format_exc()
    connections.close_all()
    return said.getvalue(), error


if __name__ == "__main__":
    main()
