"""Several threads read a shape for the first time at once: in a process of its own, which it might crash."""

from __future__ import annotations

import subprocess
import sys

FIRST_READS = """
import os, sys, threading
os.environ["DJANGO_SETTINGS_MODULE"] = "agentic.settings"
import msgspec
from agentic.parsing import decode

THREADS, SHAPES = 3, 300
sys.setswitchinterval(1e-6)
body = b'{"rows": [{"f1": "x", "f11": "z"}]}'

def fresh():
    fields = [(f"f{n}", str | None, None) for n in range(12)]
    inner = msgspec.defstruct("Inner", fields)
    return msgspec.defstruct("Outer", [("rows", list[inner])])

for _ in range(SHAPES):
    shape, start = fresh(), threading.Barrier(THREADS)
    read = lambda: (start.wait(), decode(body, shape))
    threads = [threading.Thread(target=read) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_the_process_survives() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_READS], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
