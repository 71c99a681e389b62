"""`python -m bench [--quick] [NAME...]`: every measurement, or some, each in a process and a database of its own."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import time

import django

from bench import platform
from bench.report import Row, as_json, of_json, progress, table

MEASUREMENTS = (
    "lifecycle", "batches", "peers", "services", "idle", "due", "deadlines", "pages", "waiting", "lateness",
    "sockets", "page_sockets",
)  # fmt: skip
PASSES, QUICK_PASSES = 5, 3


def main() -> None:
    asked = arguments()
    passes = QUICK_PASSES if asked.quick else PASSES
    if asked.inside:
        measure(asked.names[0], passes)
        return
    platform.make_template()
    try:
        rows = [row for name in asked.names or MEASUREMENTS for row in apart(name, asked.quick)]
    finally:
        platform.drop(platform.TEMPLATE)
    print(
        f"\n{passes} interleaved passes each; ratios count, absolute figures vary with the machine.\n"
    )
    print(table(rows))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASUREMENTS, []], metavar="NAME")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PASSES} passes, not {PASSES}")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def apart(name: str, quick: bool) -> list[Row]:
    """The measurement in a process of its own, so that none inherits what another has warmed or filled."""
    progress(name)
    started = time.monotonic()
    command = [sys.executable, "-m", "bench", "--inside", name, *(["--quick"] if quick else [])]
    with platform.fresh_database(name) as database:
        done = subprocess.run(
            command,
            env=platform.environment(database),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    if done.returncode:
        return [Row(name, [float("nan")], 0, "broke: see above")]
    rows = [of_json(line) for line in done.stdout.splitlines()]
    progress(f"{name}: {time.monotonic() - started:.0f} s\n{table(rows)}")
    return rows


def measure(name: str, passes: int) -> None:
    django.setup()
    for row in importlib.import_module(f"bench.{name}").measure(passes):
        print(as_json(row), flush=True)


if __name__ == "__main__":
    main()
