"""Speed, measured: `make bench`. docs/reference/performance.md says what, and how to read it."""

from __future__ import annotations
