"""The provider as a process, as tests start and stop it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.e2e.processes import ROOT, free_port, until

CLIENT_ID, CLIENT_SECRET = "the-platform", "a secret of the platform's: 100% +&="
PASSWORD = "a passphrase for the provider"
START_SECONDS = 60


class RunningProvider:
    def __init__(self, folder: Path, redirect_uris: list[str], port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.issuer = f"{self.url}/o"
        self.log = folder / "provider.log"
        env = os.environ | {"PROVIDER_ISSUER": self.issuer, "PROVIDER_DATA": str(folder)}
        command = [sys.executable, "-m", "tests.oidc_provider", str(port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *redirect_uris], cwd=ROOT, env=env, stdout=log, stderr=log
            )

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.issuer}/.well-known/openid-configuration").is_success
        return False


@contextlib.contextmanager
def provider_for(
    folder: Path, redirect_uris: list[str], *, port: int = 0
) -> Iterator[RunningProvider]:
    folder.mkdir(parents=True, exist_ok=True)
    provider = RunningProvider(folder, redirect_uris, port or free_port())
    try:
        until(provider.answers, START_SECONDS, every=0.2)
        yield provider
    finally:
        provider.process.kill()
        provider.process.wait()
