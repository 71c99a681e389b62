"""Keeps the garbage collector out of the way of a process that serves.

What was loaded at the start stays: without this the collector looks through all of it again and again, every few
batches for 50 ms, and never finds anything.
"""

from __future__ import annotations

import gc

from django.urls import get_resolver

# Objects that are made and not yet freed before it looks at the youngest; a batch of 100 makes some thousands.
YOUNG = 10_000


def freeze_what_is_loaded() -> None:
    """For the end of a server's or worker's start."""
    _ = get_resolver().url_patterns  # brings the views in, which the first request would
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)
