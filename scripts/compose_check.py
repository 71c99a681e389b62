"""Prove that docker-compose.yml works, on a machine without a Docker engine.

The file is checked against the Compose schema. Then the commands of its services are started
exactly as they stand there, each with its own environment and nothing else, in the order of
`depends_on`, until their own health checks pass: migrate, web, live, worker, trainer, beat, Redis, nginx
with deploy/nginx.conf. Only addresses differ: host names and ports are mapped to this machine, and
the database to one that is made for the check and dropped after it (on the server that
`DATABASE_URL` names, else on 127.0.0.1:5432). Requests to each kind of path go through the proxy,
and then the demo's tasks and a training job. At the end every service has to stop within its grace period.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import yaml
from psycopg import sql
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "docker-compose.yml"
POSTGRES = os.environ.get("DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
DEMO = ["python", "manage.py", "demo", "--tasks", "60", "--review"]
START_SECONDS = 60
DEMO_SECONDS = 300
TRAINING_SECONDS = 60
# Where the proxy has to send what; the answer itself (401, 404, 405) does not matter here.
ROUTES = {
    "/readyz": "web",
    "/api/v1/worker/register": "web",
    "/api/v1/decisions/tasks": "web",
    "/api/v1/worker/claim": "live",
    "/api/v1/worker/decisions/1": "live",
    "/api/v1/worker/tasks/1/delegate": "live",
    "/api/v1/worker/tasks/1/ack": "web",
}

SOCKETS = ("/api/v1/oversight/ws", "/oversight/live")

Service = dict[str, Any]


class CheckFailed(Exception):
    """What is wrong, in a sentence."""


@dataclass
class Check:
    folder: Path
    services: dict[str, Service]
    addresses: dict[str, str]  # what stands in the file -> what it is on this machine
    ports: dict[str, int]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    # --- starting ---

    def start(self, name: str) -> None:
        say(f"starting {name}: {' '.join(self.command(name))}")
        with self.log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                self.command(name),
                cwd=ROOT,
                env=self.environment(name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run_to_the_end(self, name: str) -> None:
        self.start(name)
        if code := self.running.pop(name).wait(timeout=120):
            self.fail(name, f"{name} ended with {code}")

    def wait_until_healthy(self, name: str) -> None:
        """By the service's own health check."""
        kind, *test = self.services[name]["healthcheck"]["test"]
        command = ["sh", "-c", *test] if kind == "CMD-SHELL" else test
        command = [self.local(part) for part in command]
        deadline = time.monotonic() + START_SECONDS
        while (said := self.output_of_failure(command, name)) is not None:
            if self.running[name].poll() is not None:
                self.fail(name, f"{name} ended with {self.running[name].returncode}")
            if time.monotonic() > deadline:
                self.fail(name, f"{name} was not healthy within {START_SECONDS} s: {said}")
            time.sleep(0.5)
        say(f"{name} is healthy")

    def output_of_failure(self, command: list[str], name: str) -> str | None:
        """The last line that a health check says; None when it passes."""
        result = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(name),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return (result.stdout.strip() or "-").splitlines()[-1] if result.returncode else None

    def command(self, name: str) -> list[str]:
        command = self.services[name]["command"]
        words = shlex.split(command) if isinstance(command, str) else list(command)
        if name == "redis":  # takes its port from the command line only
            words += ["--port", str(self.ports["redis"]), "--dir", str(self.folder)]
        if name == "proxy":
            words = [word.replace("/etc/nginx", str(self.folder)) for word in words]
        return words

    def environment(self, name: str) -> dict[str, str]:
        """The service's own, and the few variables that the image or any machine has."""
        own = {k: self.local(str(v)) for k, v in self.services[name]["environment"].items()}
        for key in own:
            if key.endswith("_PORT"):
                own[key] = str(self.ports[name])
            if key.endswith("_HOST"):
                own[key] = "127.0.0.1"
        path = f"{ROOT / '.venv/bin'}:{os.environ['PATH']}:/usr/sbin"
        return {
            "PATH": path,
            "HOME": str(self.folder),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "agentic.settings",
            "DATA_DIR": str(self.folder / "var"),
        } | own

    def local(self, text: str) -> str:
        for address, here in self.addresses.items():
            text = text.replace(address, here)
        return text

    # --- looking ---

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def fail(self, name: str, reason: str) -> None:
        lines = self.log(name).read_text(errors="replace").splitlines()
        say(f"--- the last lines of {name} ---", *lines[-80:], "---")
        raise CheckFailed(reason)

    def look_for_trouble(self) -> None:
        for name, process in self.running.items():
            if process.poll() is not None:
                self.fail(name, f"{name} ended by itself with {process.returncode}")
            if "Traceback (most recent call last)" in self.log(name).read_text(errors="replace"):
                self.fail(name, f"{name} logged an exception")

    # --- stopping ---

    def stop_all(self) -> list[str]:
        """The last started first; the names of those that did not stop as they should."""
        return [name for name in reversed(list(self.running)) if not self.stop(name)]

    def stop(self, name: str) -> bool:
        process = self.running.pop(name)
        service = self.services[name]
        stop_signal = signal.Signals[service.get("stop_signal", "SIGTERM")]
        if process.poll() is None:
            process.send_signal(stop_signal)
        try:
            code = process.wait(timeout=seconds(service.get("stop_grace_period", "10s")))
        except subprocess.TimeoutExpired:
            code = None
        kill_group(process.pid)
        clean = code in {0, -stop_signal, 128 + stop_signal}
        say(f"stopped {name}" if clean else f"{name} did not stop cleanly: {code}")
        return clean


def main() -> int:
    try:
        check_schema()
        with ExitStack() as stack:
            check_all(prepare(stack))
    except CheckFailed as failure:
        say(f"FAILED: {failure}")
        return 1
    say("docker-compose.yml works.")
    return 0


def check_all(check: Check) -> None:
    try:
        collect_static(check)
        for name in start_order(check.services):
            if name == "migrate":
                check.run_to_the_end(name)
            else:
                check.start(name)
                check.wait_until_healthy(name)
        check_proxy(check)
        run_demo(check)
        run_training(check)
        check.look_for_trouble()
    finally:
        unclean = check.stop_all()
    if unclean:
        raise CheckFailed(f"did not stop cleanly: {', '.join(unclean)}")


def check_schema() -> None:
    command = ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    command[0] = str(Path(sys.executable).parent / command[0])
    if subprocess.run(command, check=False).returncode:
        raise CheckFailed("docker-compose.yml does not fit the Compose schema")


# --- before the start ---


def prepare(stack: ExitStack) -> Check:
    for program, package in {"nginx": "nginx-light", "redis-server": "redis-server"}.items():
        if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin"):
            raise CheckFailed(f"{program} is not installed (Debian: apt-get install {package})")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="compose-check-")))
    password = secrets.token_hex(16)
    variables = {
        "POSTGRES_PASSWORD": password,
        "REDIS_PASSWORD": secrets.token_hex(16),
        "SECRET_KEY": secrets.token_hex(32),
        "JWT_SECRET_KEY": secrets.token_hex(32),
        "BEHIND_TLS": "false",
    }
    services = interpolate(yaml.safe_load(COMPOSE.read_text()), variables)["services"]
    for service in services.values():
        service["environment"] = handed_on(service.get("environment", {}), variables)
    # PostgreSQL is this machine's own: the file's image has no part of ours in it.
    del services["postgres"]
    ports = {name: free_port() for name in ("proxy", "web", "live", "redis")}
    database = stack.enter_context(throw_away_database(password))
    addresses = {
        f"agentic:{password}@postgres:5432/agentic": database,
        "redis:6379": f"127.0.0.1:{ports['redis']}",
        "127.0.0.1:8000": f"127.0.0.1:{ports['web']}",
        "127.0.0.1:8001": f"127.0.0.1:{ports['live']}",
        "127.0.0.1:8080": f"127.0.0.1:{ports['proxy']}",
        "redis-cli ": f"redis-cli -p {ports['redis']} ",
    }
    write_nginx_configuration(folder, ports)
    for stale in Path(tempfile.gettempdir()).glob("agentic-beat-schedule*"):
        stale.unlink(missing_ok=True)
    return Check(folder, services, addresses, ports)


def interpolate(value: Any, variables: Mapping[str, str]) -> Any:
    """Compose's own `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `$$`."""
    if isinstance(value, dict):
        return {key: interpolate(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolate(item, variables) for item in value]
    if not isinstance(value, str):
        return value

    def put(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name, kind, rest = match["name"], match["kind"], match["rest"] or ""
        if kind == ":?" and not variables.get(name):
            raise CheckFailed(f"{name} is required: {rest}")
        return variables.get(name) or (rest if kind == ":-" else "")

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<rest>[^}]*))?\}", put, value)


def handed_on(
    environment: Mapping[str, str | None], variables: Mapping[str, str]
) -> dict[str, str]:
    """Compose's rule for `NAME:` without a value: as it is set outside, or not at all."""
    values = {name: variables.get(name) if v is None else v for name, v in environment.items()}
    return {name: value for name, value in values.items() if value is not None}


@contextmanager
def throw_away_database(password: str) -> Iterator[str]:
    """A role and a database, as `user:password@host:port/name`; both are gone afterwards."""
    parts = urlsplit(POSTGRES.replace("+asyncpg", ""))._replace(path="/postgres")
    name = f"compose_check_{secrets.token_hex(4)}"
    role = sql.Identifier(name)
    try:
        connection = psycopg.connect(parts.geturl(), autocommit=True, connect_timeout=5)
    except psycopg.Error as error:
        raise CheckFailed(f"PostgreSQL does not answer: {str(error).strip()}") from error
    with connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password))
        )
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
        try:
            yield f"{name}:{password}@{parts.hostname}:{parts.port or 5432}/{name}"
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(role))
            connection.execute(sql.SQL("DROP ROLE {}").format(role))


def write_nginx_configuration(folder: Path, ports: Mapping[str, int]) -> None:
    text = (ROOT / "deploy/nginx.conf").read_text()
    for there, here in {
        "server web:8000;": f"server 127.0.0.1:{ports['web']};",
        "server live:8001;": f"server 127.0.0.1:{ports['live']};",
        "listen 8080;": f"listen 127.0.0.1:{ports['proxy']};",
        "/tmp/nginx": f"{folder}/nginx",
    }.items():
        if there not in text:
            raise CheckFailed(f"deploy/nginx.conf has no {there!r}")
        text = text.replace(there, here)
    (folder / "nginx.conf").write_text(text)


def collect_static(check: Check) -> None:
    """As the image is built: the Dockerfile's own line."""
    line = re.search(r"^RUN (.*collectstatic.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    if not line:
        raise CheckFailed("the Dockerfile does not collect the static files")
    environment = check.environment("migrate")
    result = subprocess.run(
        ["sh", "-c", line[1]],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise CheckFailed(f"the static files cannot be collected:\n{result.stdout}{result.stderr}")


def start_order(services: Mapping[str, Service]) -> list[str]:
    """Each service after those that it depends on."""
    order: list[str] = []

    def add(name: str) -> None:
        for needed in services[name].get("depends_on", {}):
            if needed in services:
                add(needed)
        if name not in order:
            order.append(name)

    for name in services:
        add(name)
    return order


# --- through the proxy ---


def check_proxy(check: Check) -> None:
    base = f"http://127.0.0.1:{check.ports['proxy']}"
    secret = f"secret{secrets.token_hex(8)}"
    with httpx.Client(base_url=base, timeout=10) as client:
        for path in ROUTES:
            status = client.get(path, params={"token": secret}).status_code
            if status >= 500:
                raise CheckFailed(f"{path} answers {status} through the proxy")
        answer = client.post("/api/v1/decisions/task", content=b"x" * 1_100_000)
        if answer.status_code != 413 or answer.json()["code"] != "too_large":
            raise CheckFailed(f"the proxy answers {answer} to a body of more than 1 MB")
    for path in SOCKETS:
        check_socket(base, path, secret)
    check_routes(check)
    for log in check.folder.glob("*.log"):
        if secret in log.read_text(errors="replace"):
            check.fail(log.stem, f"{log.stem} logs the token of a socket's address")
    say("the proxy sends each path to its process, and no token to a log")


def check_socket(base: str, path: str, secret: str) -> None:
    """Who is nobody is refused with the server's own code: so the handshake passed the proxy."""
    address = f"{base.replace('http', 'ws', 1)}{path}?token={secret}"
    try:
        with connect(address, origin=Origin(base), open_timeout=10) as ws:
            ws.recv(timeout=10)
    except ConnectionClosed as closed:
        if closed.rcvd and closed.rcvd.code == 4001:
            return
        raise CheckFailed(f"{path} was closed with {closed.rcvd}, not 4001") from closed
    except (InvalidStatus, TimeoutError, OSError) as error:
        raise CheckFailed(f"no socket at {path} through the proxy: {error}") from error
    raise CheckFailed(f"the socket at {path} let nobody in particular in")


def check_routes(check: Check) -> None:
    lines = check.log("proxy").read_text().splitlines()
    for path, name in ROUTES.items():
        served = [line for line in lines if f'"GET {path}"' in line]
        if not any(f" 127.0.0.1:{check.ports[name]} " in line for line in served):
            raise CheckFailed(f"the proxy does not send {path} to {name}: {served}")


def run_demo(check: Check) -> None:
    command = [*DEMO, "--server", f"http://127.0.0.1:{check.ports['proxy']}"]
    say(f"running {' '.join(command)}")
    process = subprocess.Popen(
        command, cwd=ROOT, env=check.environment("web"), start_new_session=True
    )
    try:
        code = process.wait(timeout=DEMO_SECONDS)
    except subprocess.TimeoutExpired:
        code = -1
    finally:
        kill_group(process.pid)
    if code:
        for name in ("web", "live", "worker"):
            say(f"--- the last lines of {name} ---", check.log(name).read_text()[-4000:])
        raise CheckFailed(f"the demo ended with {code}")


def run_training(check: Check) -> None:
    """A job for a trainer that there is not: that it fails, and why, is the word of whoever took it."""
    command = ["python", "manage.py", "train", "nobody", "--wait"]
    say(f"running {' '.join(command)}")
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=check.environment("web"),
        capture_output=True,
        text=True,
        timeout=TRAINING_SECONDS,
        check=False,
    )
    if "No trainer is called 'nobody'" not in done.stderr:
        check.fail("trainer", f"no trainer took a job: {done.stdout}{done.stderr}")


# --- small things ---


def say(*lines: str) -> None:
    for line in lines:
        print(f"compose-check: {line}", flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seconds(duration: str) -> float:
    """`90s` and `1m30s`, as Compose writes them."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+)([hms])", duration))


def kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
