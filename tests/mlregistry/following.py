"""A process of its own that decides by a live model: it writes what it has each time that this changes.

python -m tests.mlregistry.following
"""

from __future__ import annotations

import json
import sys
import time

import django

django.setup()

from mlregistry.live_models import LiveModel  # noqa: E402

EVERY = 0.1


def main() -> None:
    live, last = LiveModel("review_risk", json.loads), ""
    while True:
        loaded = live.get()
        said = str(loaded.model["threshold"]) if loaded else live.missing
        if said != last:
            sys.stdout.write(f"{said}\n")
            sys.stdout.flush()
            last = said
        time.sleep(EVERY)


if __name__ == "__main__":
    main()
