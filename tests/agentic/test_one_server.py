"""One server for each data folder, and no trace of one that was killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentic.one_server import RunsAlready, address_of_server, the_only_server

URL = "http://127.0.0.1:8000"


def test_a_second_server_is_told_where_the_first_one_is(tmp_path: Path) -> None:
    with the_only_server(tmp_path / "new", URL):
        with pytest.raises(RunsAlready, match=URL), the_only_server(tmp_path / "new", "http://x"):
            pass
        assert address_of_server(tmp_path / "new") == URL


def test_what_a_server_left_behind_is_no_server(tmp_path: Path) -> None:
    with the_only_server(tmp_path, URL):
        pass

    assert address_of_server(tmp_path) is None
    assert address_of_server(tmp_path / "never") is None
