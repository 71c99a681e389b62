"""The cast, and how it speaks: the same people and the same agent in every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client, TransactionTestCase

from agentic.actors import Actor, ActorKind, Source, system
from agentic.append_only import guard, unguard
from agentic.models import User
from agentic.roles import Role
from agents.authentication import CallingAgent, agent_of
from agents.models import Agent
from agents.services import issue_key, register_agent
from decisions.outcomes import kept
from mlregistry.live_models import LIVE_MODELS

PASSWORD = "a long enough passphrase"
APPEND_ONLY = ("events", "audits")

# What these say is the same on any database: of `make test`, the half on SQLite says it.
ANYWHERE = {
    "test_schema", "test_bad_input", "test_order_of_checks", "test_roles", "test_matrix", "test_documents",
    "test_compose_check", "test_structure", "test_redaction", "test_headers", "test_answers", "test_verification",
    "test_cards", "test_formats", "test_topics", "test_payload", "test_statistics", "test_estimates",
    "test_calibration", "test_maps", "test_paired_seeds", "test_demo_figures", "test_learned", "test_strategies",
    "test_digits", "test_report", "test_asyncapi", "test_mlflow_format", "test_risk_features", "test_doors",
    "test_event_rows", "test_handshake", "test_kept", "test_places", "test_looks", "test_notifications_outside",
    "test_notifications_settings", "test_notifications_reasons", "test_notifications_emails", "test_model_card_page",
    "test_models_pages", "test_desk_page", "test_desk_verdicts", "test_desk_several", "test_policies_pages",
    "test_training_pages", "test_task_page", "test_feedback_pages", "test_moves", "test_pages",
    "test_admin_lock_outs", "test_admin_people", "test_admin_stops", "test_agents_api", "test_models_api",
    "test_agents_page", "test_duties", "test_bodies", "test_risk_training", "test_recalibration", "test_network",
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in ANYWHERE and item.path.parent.name != "e2e":
            item.add_marker(pytest.mark.anywhere)


@pytest.fixture(scope="session", autouse=True)
def quick_and_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No slow hashes, nothing written into the checkout, and pages without a manifest of static files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            django_settings, "PASSWORD_HASHERS", ["django.contrib.auth.hashers.MD5PasswordHasher"]
        )
        patch.setattr(django_settings, "STATIC_ROOT", tmp_path_factory.mktemp("static"))
        patch.setattr(django_settings, "MODEL_ROOT", tmp_path_factory.mktemp("models"))
        static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        patch.setitem(django_settings.STORAGES, "staticfiles", static)
        # Everybody signs in again for each test, from one address.
        for rate in ("PERSON", "AGENT", "SIGN_IN"):
            patch.setattr(django_settings, f"RATE_PER_MINUTE_{rate}", 0)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, as in earnest: threads that share one in memory do not see each other's locks."""
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(Path(file))


@pytest.fixture(scope="session", autouse=True)
def emptied_past_the_guard() -> Iterator[None]:
    """Tests with real transactions empty the database, which SQLite's guard on `events` would refuse."""
    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def unguarded(case: TransactionTestCase) -> None:
        for table in APPEND_ONLY:
            unguard(connection, table)
        try:
            flush(case)
        finally:
            for table in APPEND_ONLY:
                guard(connection, table)

    with pytest.MonkeyPatch.context() as patch:
        if connection.vendor == "sqlite":
            patch.setattr(TransactionTestCase, "_fixture_teardown", unguarded)
        yield


def make_person(name: str, *roles: Role) -> User:
    user = User.objects.create_user(name, f"{name}@example.org", PASSWORD)
    # Made where missing: a test with real transactions has emptied the table of groups, too.
    user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in roles])
    return user


@pytest.fixture
def admin(db: None) -> User:
    return make_person("ada", Role.ADMIN)


@pytest.fixture
def reviewer(db: None) -> User:
    return make_person("rita", Role.REVIEWER)


@pytest.fixture
def manager(db: None) -> User:
    return make_person("max", Role.AGENT_MANAGER)


@pytest.fixture
def viewer(db: None) -> User:
    return make_person("vera", Role.VIEWER)


@pytest.fixture
def stranger(db: None) -> User:
    """Signed in, and without any role."""
    return make_person("sam")


@pytest.fixture
def operator(admin: User) -> Actor:
    """The admin as the one who acts, for calls of the services."""
    return Actor(ActorKind.USER, admin.pk, admin.username, Source.API)


@pytest.fixture
def platform() -> Actor:
    return system()


@pytest.fixture
def agent(operator: Actor) -> Agent:
    """Registered, and not yet heard of."""
    return register_agent(
        actor=operator, name="reader", capabilities=["digits"], max_concurrent_tasks=4
    )


@pytest.fixture
def agent_key(operator: Actor, agent: Agent) -> str:
    return issue_key(actor=operator, agent_id=agent.pk).secret


@pytest.fixture
def calling(agent_key: str) -> Callable[[], CallingAgent]:
    """The agent as it calls at this moment."""
    return lambda: agent_of(agent_key)


@pytest.fixture
def agent_actor(agent: Agent) -> Actor:
    return Actor(ActorKind.AGENT, agent.pk, agent.name, Source.AGENT)


@pytest.fixture(autouse=True)
def nothing_in_memory() -> None:
    """No model that another test let go live, and no record of agents that it left."""
    for live in LIVE_MODELS:
        live.forget()
    kept.forget()


class Api:
    """A client of the API: paths below /api/v1, JSON both ways."""

    def __init__(self, bearer: str = "") -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", query, headers=self.headers)

    def post(self, path: str, body: Any = None, **extra: Any) -> Any:
        return self.send("post", path, body, **extra)

    def patch(self, path: str, body: Any = None, **extra: Any) -> Any:
        return self.send("patch", path, body, **extra)

    def send(self, method: str, path: str, body: Any = None, **extra: Any) -> Any:
        call = getattr(self.client, method)
        said = {} if body is None else body
        kind = {"content_type": "application/json"} | extra
        return call(f"/api/v1{path}", said, headers=self.headers, **kind)


@pytest.fixture
def client_for(db: None) -> Callable[[User | str | None], Api]:
    """`client_for(person)` signs in by password; `client_for(key)` calls as an agent; None as nobody."""

    def sign_in(who: User | str | None) -> Api:
        if not isinstance(who, User):
            return Api(who or "")
        credentials = {"username": who.username, "password": PASSWORD}
        return Api(Api().post("/auth/token", credentials).json()["access_token"])

    return sign_in
