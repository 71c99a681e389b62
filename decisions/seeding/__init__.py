"""Synthetic data: lives of tasks that nobody lived, told by the moves that move real ones.

`stories` says what happens to a task, `ledger` carries the moves out in memory, `writers` bring the rows to the
database in bulk. Everything is marked: payloads say `"synthetic": true`, people and agents are named `synthetic-...`.
"""

from __future__ import annotations
