"""A person in a browser, a real provider, the whole platform: in by OIDC, and out of everything."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Locator, Page, expect

from tests.e2e.embedded import Running, prepare, running
from tests.e2e.processes import free_port
from tests.oidc_provider.browser import sent_back
from tests.oidc_provider.running import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    RunningProvider,
    provider_for,
)

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")
CLIENT_CALLBACK = "http://127.0.0.1:9/callback"  # of a program that uses the API


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """It knows where its provider will be, and starts before it is there."""
    monkeypatch.setenv("PROVIDER_PORT", str(port := free_port()))
    monkeypatch.setenv("OIDC_ISSUER", f"http://127.0.0.1:{port}/o")
    monkeypatch.setenv("OIDC_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("OIDC_CLIENT_SECRET", CLIENT_SECRET)
    monkeypatch.setenv("OIDC_ROLES", "reviewers=reviewer,platform-admins=admin")
    monkeypatch.setenv("OIDC_REDIRECT_URIS", CLIENT_CALLBACK)
    prepare(tmp_path / "platform")
    with running(tmp_path / "platform", "run", "--no-agents") as platform:
        yield platform


@pytest.fixture
def provider(tmp_path: Path, platform: Running) -> Iterator[RunningProvider]:
    back_to = [CLIENT_CALLBACK, f"{platform.url}/oidc/callback", f"{platform.url}/sign-in"]
    port = int(os.environ["PROVIDER_PORT"])
    with provider_for(tmp_path / "provider", back_to, port=port) as provider:
        yield provider


def sign_in(page: Page, platform: Running, name: str) -> None:
    page.goto(f"{platform.url}/sign-in")
    page.get_by_role("link", name=re.compile("Sign in with")).click()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def menu(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Pages")


@contextlib.contextmanager
def program_of(name: str, platform: Running) -> Iterator[httpx.Client]:
    """A program that the same person has let in, by the API."""
    with httpx.Client(base_url=f"{platform.url}/api/v1", timeout=30) as api:
        begun = api.get("/auth/oidc/config", params={"redirect_uri": CLIENT_CALLBACK}).json()
        back = sent_back(name, begun["authorization_url"], CLIENT_CALLBACK)
        said = {key: value[0] for key, value in parse_qs(urlsplit(back).query).items()}
        token = api.post("/auth/oidc/callback", json=said).json()["access_token"]
        api.headers["Authorization"] = f"Bearer {token}"
        yield api


def test_a_reviewer_comes_in_by_oidc_and_goes_out_of_everything(
    page: Page, platform: Running, provider: RunningProvider
) -> None:
    sign_in(page, platform, "rosa")
    expect(page).to_have_url(f"{platform.url}/dashboard")
    expect(page.get_by_text("rosa", exact=True)).to_be_visible()
    expect(menu(page).get_by_role("link", name="Review")).to_be_visible()
    expect(page.get_by_role("link", name="Admin site")).to_have_count(0)

    with program_of("rosa", platform) as api:
        assert api.get("/auth/me").json()["roles"] == ["reviewer", "viewer"]
        assert api.get("/decisions/reviews").status_code == 200
        assert api.get("/admin/stats").status_code == 403

        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(f"{platform.url}/sign-in")  # by way of the provider
        assert api.get("/auth/me").status_code == 401

    page.goto(f"{provider.url}/who")
    assert '"signed_in": ""' in page.content()
    page.goto(platform.url)
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_an_unverified_address_takes_over_nobodys_account(
    page: Page, platform: Running, provider: RunningProvider
) -> None:
    """uma says at the provider that her address is rosa's, whose account is here."""
    sign_in(page, platform, "rosa")
    page.context.clear_cookies()
    sign_in(page, platform, "uma")
    expect(page.get_by_text("uma", exact=True)).to_be_visible()
    expect(menu(page).get_by_role("link", name="Tasks")).to_be_visible()
    expect(menu(page).get_by_role("link", name="Review")).to_have_count(0)


def test_a_provider_that_is_down_is_a_page_and_passwords_go_on(
    page: Page, platform: Running
) -> None:
    page.goto(f"{platform.url}/sign-in")
    page.get_by_role("link", name=re.compile("Sign in with")).click()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    page.get_by_role("link", name="Back to sign-in").click()
    page.get_by_label("Name or e-mail address").fill("reviewer")
    page.get_by_label("Password").fill(platform.signed_in("reviewer").password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{platform.url}/dashboard")
