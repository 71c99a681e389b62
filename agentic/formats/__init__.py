"""How values are written on pages (FORMAT_MODULE_PATH)."""

from __future__ import annotations
