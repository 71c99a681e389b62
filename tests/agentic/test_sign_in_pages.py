"""Sign-in with name and password on the page, sign-out, and the way to the admin site."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from agentic.models import User
from tests.conftest import PASSWORD

HTML = {"Accept": "text/html"}
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "javascript:alert(1)",
    "evil.example",
    "/\x00/evil.example",
    "http:///evil.example",
    "https://testserver@evil.example/",
]


def sign_in(client: Client, name: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/sign-in", {"username": name, "password": password, **more})


def test_a_person_signs_in_sees_who_they_are_and_signs_out(reviewer: User) -> None:
    client = Client()
    assert sign_in(client, "rita")["Location"] == "/"
    answer = client.get("/", headers=HTML, follow=True)
    assert answer.redirect_chain == [("/dashboard", 302)]
    assert "rita" in answer.content.decode()
    assert "signed out" in client.post("/sign-out").content.decode()
    assert "Sign in" in client.get("/", headers=HTML).content.decode()


def test_who_has_no_role_is_told_so(stranger: User) -> None:
    client = Client()
    sign_in(client, "sam")
    answer = client.get("/", headers=HTML)
    assert "Welcome, sam" in answer.content.decode()
    assert "none yet" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_a_program_is_not_sent_to_the_dashboard(reviewer: User) -> None:
    client = Client()
    sign_in(client, "rita")
    assert client.get("/", headers={"Accept": "application/json"}).json()["status"] == "running"


def test_the_way_to_the_dashboard_is_kept_by_nobody(reviewer: User) -> None:
    client = Client()
    sign_in(client, "rita")
    assert "no-store" in client.get("/", headers=HTML)["Cache-Control"]


def test_they_come_to_the_page_that_they_asked_for(manager: User) -> None:
    User.objects.update(is_staff=True)
    client = Client()
    answer = client.get("/admin/?x=1", follow=True)
    assert answer.redirect_chain[-1][0] == "/sign-in?next=%2Fadmin%2F%3Fx%3D1"
    assert sign_in(client, "max", next="/admin/?x=1")["Location"] == "/admin/?x=1"
    assert client.get("/sign-in?next=/admin/")["Location"] == "/admin/"


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_sent_elsewhere(reviewer: User, target: str) -> None:
    client = Client()
    assert target not in client.get("/sign-in", {"next": target}).content.decode()
    assert sign_in(client, "rita", next=target)["Location"] == "/"
    assert client.get("/sign-in", {"next": target})["Location"] == "/"


@pytest.mark.parametrize(
    ("name", "password"),
    [("rita", "wrong"), ("nobody", PASSWORD), ("", ""), ("rita\0", "x"), ("x" * 400, "x")],
)
def test_a_wrong_name_or_password_says_so_and_no_more(
    reviewer: User, name: str, password: str
) -> None:
    answer = sign_in(Client(), name, password)
    assert answer.status_code == 403
    assert "The name or the password is wrong." in answer.content.decode()
    assert "sessionid" not in answer.cookies


def test_an_account_that_is_locked_out_says_for_how_long(settings: Any, reviewer: User) -> None:
    settings.SIGN_IN_FAILURES_PER_ACCOUNT = 2
    client = Client()
    for _ in range(2):
        sign_in(client, "rita", "wrong")
    answer = sign_in(client, "rita")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


def test_a_name_is_shown_again_as_text(db: None) -> None:
    page = sign_in(Client(), '"><script>').content.decode()
    assert "<script>" not in page


def test_a_form_of_another_site_is_refused(reviewer: User) -> None:
    client = Client(enforce_csrf_checks=True)
    for answer in (sign_in(client, "rita"), client.post("/sign-out")):
        assert answer.status_code == 403
        assert "out of date" in answer.content.decode()


def test_a_link_signs_nobody_out(reviewer: User) -> None:
    client = Client()
    sign_in(client, "rita")
    assert client.get("/sign-out").status_code == 405
    assert client.get("/", headers=HTML)["Location"] == "/dashboard"


def test_who_may_not_enter_the_admin_site_is_told_so_and_not_sent_in_circles(
    reviewer: User,
) -> None:
    client = Client()
    sign_in(client, "rita")
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "not allowed" in answer.content.decode()


def test_the_admin_sites_own_way_out_is_ours(admin: User) -> None:
    client = Client()
    sign_in(client, "ada")
    assert "signed out" in client.post("/admin/logout/").content.decode()


def test_the_home_page_leads_nobody_into_the_admin_site(db: None) -> None:
    page = Client().get("/", headers=HTML).content.decode()
    assert 'href="/api/docs"' in page
    assert 'href="/admin/"' not in page


@pytest.mark.parametrize("page", ["/", "/sign-in"])
def test_pages_carry_no_script_and_no_style_of_their_own(db: None, page: str) -> None:
    text = Client().get(page, headers=HTML).content.decode()
    assert not [word for word in ("<script", "<style", "style=", "onclick=") if word in text]
