"""Starts the agents as processes, starts again those that end, and kills one now and then."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# An agent gets nothing of the platform's own secrets.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")
PAUSE_SECONDS = 2.0
STOP_SECONDS = 8.0


class Crew:
    """The agents by name, with the key of each. `tend()` has to be called now and then."""

    def __init__(
        self, url: str, keys: Mapping[str, str], logs: Path, *, quick: bool = False
    ) -> None:
        self.url, self.keys, self.logs, self.quick = url, keys, logs, quick
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.ended_at: dict[str, float] = {}
        self.restarts = 0

    def start(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        for name in self.keys:
            self.log(name).unlink(missing_ok=True)
            self.start_one(name)

    def start_one(self, name: str) -> None:
        with self.log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                self.command(name),
                cwd=ROOT,
                env=self.environment(name),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: we stop them
            )

    def command(self, name: str) -> list[str]:
        words = [sys.executable, "-m", "examples.digits.agents", name, "--stop-with-parent"]
        return [*words, "--quick"] if self.quick else words

    def environment(self, name: str) -> dict[str, str]:
        kept = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
        return kept | {
            "AGENTIC_URL": self.url,
            "AGENTIC_KEY": self.keys[name],
            "PYTHONPATH": f"{ROOT}:{ROOT / 'sdk/python'}",
            "OMP_NUM_THREADS": "1",
        }

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def tend(self) -> None:
        """Start again, after a pause, what has ended."""
        for name, process in self.running.items():
            if process.poll() is None:
                continue
            ended_at = self.ended_at.setdefault(name, time.monotonic())
            if time.monotonic() - ended_at >= PAUSE_SECONDS:
                del self.ended_at[name]
                self.start_one(name)
                self.restarts += 1

    def kill(self, name: str) -> None:
        """With -9: it has no chance to say anything."""
        self.running[name].kill()

    def stop(self) -> None:
        """Let each finish what it is doing, and wait for all of them."""
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.running.values():
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()
