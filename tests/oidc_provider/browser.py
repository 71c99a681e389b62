"""A browser without a screen, as far as the provider can tell: it keeps cookies and fills in the login form."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import httpx

from tests.oidc_provider.running import PASSWORD

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
MOST_STEPS = 10


class Browser:
    def __init__(self) -> None:
        self.http = httpx.Client(timeout=10)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def sign_in(self, name: str, authorization_url: str, back_to: str) -> str:
        """The address that the provider sends the person back to, with its code and state."""
        answer = self.http.get(authorization_url)
        for _ in range(MOST_STEPS):
            if answer.is_redirect:
                address = urljoin(str(answer.url), answer.headers["Location"])
                if address.startswith(back_to):
                    return address
                answer = self.http.get(address)
            else:
                answer = self.fill_in(answer, name)
        raise AssertionError(f"still at {answer.url}: {answer.text}")

    def fill_in(self, form: httpx.Response, name: str) -> httpx.Response:
        found = TOKEN.search(form.text)
        assert found, form.text
        said = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": found[1]}
        after = httpx.URL(form.url).params.get("next", "")
        return self.http.post(form.url, data=said | {"next": after})


def sent_back(name: str, authorization_url: str, back_to: str) -> str:
    with Browser() as browser:
        return browser.sign_in(name, authorization_url, back_to)
