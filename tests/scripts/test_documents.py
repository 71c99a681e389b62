"""What the documents say about the project holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SETTINGS = (ROOT / "agentic/settings.py").read_text()
VARIABLES = sorted(set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', SETTINGS)))
# Set for each process by the image or the file itself, or of no use in a container.
NOT_HANDED_ON = {"DATA_DIR", "DEBUG", "MODEL_ROOT"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 150


@pytest.mark.parametrize("page", PAGES[2:], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_index_lists_each_page(page: Path) -> None:
    index = ROOT / "docs/index.md"

    assert page == index or str(page.relative_to(index.parent)) in index.read_text()


@pytest.mark.parametrize("name", VARIABLES)
def test_each_variable_of_the_settings_is_documented(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs/how-to/deploy.md").read_text()


@pytest.mark.parametrize("name", sorted(set(VARIABLES) - NOT_HANDED_ON))
def test_each_variable_of_the_settings_reaches_the_containers(name: str) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())

    assert name in compose["services"]["web"]["environment"]
