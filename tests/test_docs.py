"""The documentation says everything that the code has, and nothing that it has not."""

from __future__ import annotations

import re
import runpy
import sqlite3
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from newsgraph import __version__
from newsgraph.cli import cli
from newsgraph.cli.options import SettingOption
from newsgraph.domain.comments import TRANSITIONS, CommentStatus, ModerationQueueName
from newsgraph.domain.errors import ArticleErrorCode, CommentErrorCode, FaultCode, ImportErrorCode, ListErrorCode
from newsgraph.domain.events import EVENTS, ArticleCause, CommentCause
from newsgraph.domain.lists import RankReason
from newsgraph.domain.users import Role
from newsgraph.domain.views import SHAPES, Window
from newsgraph.live.streams import ResetReason
from newsgraph.policies.moderation import RULES
from newsgraph.policies.ranking import HALF_LIFE, WEIGHTS
from newsgraph.settings import Settings, declared
from newsgraph.storage.migrations import migrate

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
SETTINGS = {setting.name for setting in declared()}


def text(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def section(name: str, heading: str) -> str:
    """From one heading to the next of its level."""
    return re.split(r"^## ", text(name).partition(f"## {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def rows(page: str) -> dict[str, str]:
    """Each table row by the first code in it."""
    found = re.findall(r"^\| `([^`]+)` \|(.*)\|$", page, re.MULTILINE)
    return {first: rest.strip() for first, rest in found}


@pytest.mark.parametrize("name", ["settings.md", "cli.md"])
def test_generated_parts_are_up_to_date(name: str) -> None:
    script = runpy.run_path(str(DOCS / "generate.py"))
    assert script["expected"](name) == text(name), "make docs"


def test_every_setting_is_documented_with_its_variable() -> None:
    documented = rows(text("settings.md"))
    assert set(documented) == SETTINGS
    for name, rest in documented.items():
        assert f"NEWSGRAPH_{name.upper()}" in rest


def test_every_setting_that_a_page_names_exists() -> None:
    for page in PAGES:
        for name in re.findall(r"NEWSGRAPH_([A-Z_]+[A-Z])", page.read_text("utf-8")):
            assert name.lower() in SETTINGS, page


def test_every_command_and_option_is_documented() -> None:
    for name, command in cli.commands.items():
        said = section("cli.md", f"newsgraph {name}")
        assert said, name
        own = [p for p in command.params if p.param_type_name == "option" and not isinstance(p, SettingOption)]
        for option in own:
            assert f"`{option.opts[0]}" in said, (name, option.opts)


def test_every_option_that_a_page_uses_exists() -> None:
    options = {option for command in cli.commands.values() for p in command.params for option in p.opts}
    for page in PAGES:
        for line in re.findall(
            r"^.*\bnewsgraph (?:serve|demo|import|token|check|migrate|schema) .*$", page.read_text(), re.MULTILINE
        ):
            for option in re.findall(r"(?<!\S)--[a-z-]+", line):
                assert option in options | {"--help"}, (page.name, line)


@pytest.mark.parametrize(
    ("heading", "codes"),
    [
        ("In the response's `errors`: `extensions.code`", FaultCode),
        ("In `userErrors`: comments", CommentErrorCode),
        ("In `userErrors`: articles", ArticleErrorCode),
        ("In `userErrors`: lists", ListErrorCode),
        ("In the report of `newsgraph import`", ImportErrorCode),
    ],
)
def test_every_error_code_is_documented(heading: str, codes: type[Enum]) -> None:
    assert set(rows(section("errors.md", heading))) == {code.value for code in codes}


def test_every_event_kind_and_cause_is_documented() -> None:
    kinds = rows(text("events.md").partition("## Causes")[0])
    assert set(kinds) == set(EVENTS)
    for kind, event in EVENTS.items():
        assert f"`{event.__name__}`" in kinds[kind]
    causes = {cause.value for group in (CommentCause, ArticleCause) for cause in group}
    assert set(rows(section("events.md", "Causes"))) == causes


def test_every_reason_for_a_reset_is_documented() -> None:
    assert set(rows(section("live-streams.md", "What a stream sends"))) == {reason.value for reason in ResetReason}


def test_moderation_says_what_the_rules_do() -> None:
    assert list(rows(section("moderation.md", "Before a comment is stored"))) == [rule.name for rule in RULES]
    assert set(rows(section("moderation.md", "Queues"))) == {queue.value for queue in ModerationQueueName}
    assert set(rows(section("moderation.md", "Roles"))) == {role.value for role in Role}


def test_moderation_says_every_transition() -> None:
    documented = rows(section("moderation.md", "Statuses"))
    for status, targets in TRANSITIONS.items():
        last = documented[status.value].rpartition("|")[2]
        assert set(re.findall(r"`([A-Z]+)`", last)) == {target.value for target in targets}
    assert set(documented) == {status.value for status in CommentStatus}


def test_ranking_says_every_reason_weight_and_window() -> None:
    assert set(rows(section("ranking.md", "Why an article is where it is"))) == {r.value for r in RankReason}
    likeness = section("ranking.md", "You May Also Like")
    assert sorted(map(float, re.findall(r"\| (0\.\d+) \|", likeness))) == sorted(WEIGHTS.values())
    assert f"halved every {HALF_LIFE.days} days" in likeness
    windows = rows(section("ranking.md", "Popular Now"))
    assert set(windows) == {window.value for window in Window}
    for window, shape in SHAPES.items():
        assert windows[window.value].endswith(f"| {span(shape.half_life)}")
        assert windows[window.value].startswith(span(shape.bucket))


def span(seconds: int) -> str:
    """15 minutes, 42 hours, 7.5 days."""
    units: list[tuple[int, str]] = [(86_400, "day"), (3_600, "hour"), (60, "minute")]
    exact = [(seconds / size, name) for size, name in units if seconds >= size and seconds * 2 % size == 0]
    count, name = exact[0]
    return f"{count:g} {name}{'' if count == 1 else 's'}"


def test_the_changelog_has_the_running_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target, _, anchor in links(page):
            path = (page.parent / target) if target else page
            if path.suffix == ".png":
                continue  # made by hand from the running demo
            assert path.exists(), (page.name, target)
            if anchor:
                assert anchor in anchors(path), (page.name, target, anchor)


def links(page: Path) -> list[tuple[str, str, str]]:
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    return [link.partition("#") for link in found if "://" not in link]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_restored_database_gets_a_new_epoch(tmp_path: Path) -> None:
    """The statement in operations.md does what it says, on the schema as it is."""
    found = re.search(r'news\.db "(UPDATE stream [^"]+)"', text("operations.md"))
    assert found
    migrate(tmp_path / "news.db")
    with sqlite3.connect(tmp_path / "news.db") as connection:
        before: Any = connection.execute("SELECT epoch FROM stream").fetchone()
        connection.execute(found[1])
        assert connection.execute("SELECT epoch FROM stream").fetchone() != before
    connection.close()


def test_makefile_and_readme_name_the_same_targets() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE):
            assert target in targets, (page.name, target)


def test_defaults_are_valid() -> None:
    assert Settings()
