"""The lists of the admin site, asked for what no list has: never an error of ours."""

from __future__ import annotations

import pytest

from agentic.models import User
from tests.decisions.test_admin import site_for


@pytest.mark.parametrize("year", ["0", "-1", "99999", "9" * 30])
def test_it_knows_no_year_that_no_calendar_has(admin: User, year: str) -> None:
    answer = site_for(admin).get("/admin/agentic/event/", {"created_at__year": year})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/agentic/event/?e=1")


def test_it_finds_nothing_by_a_nul(admin: User) -> None:
    """SQLite takes it, and finds nothing."""
    answer = site_for(admin).get("/admin/agentic/event/", {"entity_type__exact": "\0"})
    assert answer.status_code in {200, 302}


@pytest.mark.parametrize("chosen", ["\0", "zz"])
@pytest.mark.parametrize("page", ["decisions/stop", "agentic/user"])
def test_it_carries_out_nothing_on_ids_that_no_row_has(admin: User, page: str, chosen: str) -> None:
    said = {"action": "lift", "_selected_action": [chosen], "index": "0"}
    assert site_for(admin).post(f"/admin/{page}/", said).status_code == 400


def test_it_carries_out_nothing_on_a_nul(admin: User) -> None:
    said = {"action": "unlock", "_selected_action": ["address:\0"], "index": "0"}
    assert site_for(admin).post("/admin/agentic/failedsignins/", said).status_code == 400


@pytest.mark.parametrize("rest", ["1/%00/", "1/zz/", "1/1/"])
def test_the_short_cut_of_the_site_leads_nowhere(admin: User, rest: str) -> None:
    assert site_for(admin).get(f"/admin/r/{rest}").status_code == 404
