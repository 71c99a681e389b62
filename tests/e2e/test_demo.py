"""`manage.py demo`, from nothing at all to every task verified."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from tests.e2e.embedded import manage

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")


def test_it_ends_with_every_task_verified(tmp_path: Path) -> None:
    ended = manage(tmp_path, "demo", "--tasks", "30", "--review", timeout=120)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "The reviewer of this demo knows the true labels." in ended.stdout
    assert "30 verified" in ended.stdout
    assert "All as their events say" in ended.stdout
