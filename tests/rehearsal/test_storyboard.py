"""Storyboards as text: what is understood, and what is said of what is not."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from newsgraph.domain.users import Role
from newsgraph.rehearsal.stage import ACTS
from newsgraph.rehearsal.storyboard import (
    ACTIONS,
    MAX_SIZE,
    OpeningComment,
    Scene,
    StoryboardError,
    read_storyboard,
)

OURS = {one.name: one for one in (files("newsgraph.rehearsal") / "storyboards").iterdir() if one.name.endswith(".yml")}

WHOLE = """
title: Everything
about: >
  In two
  lines.
settings: {comment_mode: PRE}
cast: {Mo: MODERATOR}
articles:
  - id: storm
    headline: Storm
    ago: 1.5h
    comments:
      - {id: first, by: Kim, text: "Hello.", ago: 90, replies: [{id: second, by: Omar, text: "Hi."}]}
scenes:
  - {after: 500ms, comment: {article: storm, by: Lena, text: "Good morning.", id: third}}
  - reject: third
  - {after: 2s, drop: 3s}
"""


def test_a_whole_one() -> None:
    board = read_storyboard(WHOLE)
    assert (board.title, board.about, board.settings) == ("Everything", "In two lines.", {"comment_mode": "PRE"})
    assert board.cast == {"Mo": Role.MODERATOR}
    (article,) = board.articles
    assert (article.headline, article.ago) == ("Storm", 5_400)
    assert article.comments == (
        OpeningComment("first", "Kim", "Hello.", 90, (OpeningComment("second", "Omar", "Hi."),)),
    )
    assert board.scenes == (
        Scene(15, "comment", {"article": "storm", "by": "Lena", "text": "Good morning.", "id": "third"}, 0.5),
        Scene(16, "reject", {"comment": "third"}),
        Scene(17, "drop", {"for": 3.0}, 2.0),
    )
    assert board.people == ["Mo", "Kim", "Omar", "Lena"]


WRONG = {
    "no title": ("scenes: []", "line 1: title is missing."),
    "not a mapping": ("- title", "line 1: here names and values are wanted, not ['title']."),
    "an unknown part": ("title: T\ncurtain: red", "line 1: curtain is not known here"),
    "a name twice": ("title: T\ntitle: U", "line 2: 'title' is twice here, or no word."),
    "no YAML": ("title: T\nscenes: [", "line 2: expected the node content"),
    "a question mark without quotation marks": ("title: T\nscenes: [{pause: {note: Why?}}]", "want quotation marks."),
    "aliases": ("title: &t T\nabout: *t", "line 2: aliases are not known here"),
    "objects of Python": ("title: !!python/object:os.system T", "could not determine a constructor"),
    "a text that is none": ("title: 5", "line 1: title: 5 is no text: put it in quotation marks."),
    "an unknown action": ("title: T\nscenes:\n  - explode: storm", "line 3: one thing happens in a scene"),
    "two actions": ("title: T\nscenes:\n  - {pause: a, wait: audience}", "not pause, wait."),
    "an unknown article": ("title: T\nscenes:\n  - retract: x", "line 3: article: there is no article 'x' by then."),
    "a comment before it is there": (
        "title: T\narticles: [{id: a, headline: A}]\nscenes:\n  - reject: x\n"
        "  - {comment: {article: a, by: K, text: T, id: x}}",
        "line 4: comment: there is no comment 'x' by then.",
    ),
    "a name that is taken": (
        "title: T\narticles:\n  - {id: a, headline: A}\n  - {id: a, headline: B}",
        "line 4: id: 'a' is taken.",
    ),
    "no duration": ("title: T\nscenes:\n  - drop: a while", "line 3: for: 'a while' is no duration"),
    "no choice": ("title: T\nscenes:\n  - reset: BORED", "reason: 'BORED' is none of TRIMMED, EPOCH_CHANGED, SLOW"),
    "something missing": ("title: T\nscenes:\n  - restrict: {banned: true}", "line 3: who is missing."),
    "no number": (
        "title: T\narticles: [{id: a, headline: A}]\nscenes: [{views: {article: a, count: 0}}]",
        "is no number",
    ),
    "neither true nor false": ("title: T\nscenes: [{restrict: {who: K, banned: maybe}}]", "neither true nor false"),
    "an unknown role": ("title: T\ncast: {Kim: KING}", "Kim: 'KING' is none of READER"),
    "a setting of the command": ("title: T\nsettings: {port: 80}", "port is no setting that a storyboard may change."),
    "a setting that makes no sense": ("title: T\nsettings: {comment_mode: MAYBE}", "comment_mode: PRE or POST."),
    "too much": (f"title: {'T' * MAX_SIZE}", "a storyboard has at most 1,000,000 bytes."),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_with_its_line(name: str) -> None:
    text, message = WRONG[name]
    with pytest.raises(StoryboardError) as error:
        read_storyboard(text)
    assert message in str(error.value)


def test_each_action_can_be_written_or_is_the_houses() -> None:
    assert ACTIONS.keys() - ACTS.keys() == {"drop", "restart", "reset", "wait", "pause"}
    assert ACTS.keys() <= ACTIONS.keys()


@pytest.mark.parametrize("name", OURS)
def test_ours_can_be_read(name: str) -> None:
    board = read_storyboard(OURS[name].read_text("utf-8"))
    assert board.about
    assert board.scenes


def test_the_one_in_the_documentation_can_be_read() -> None:
    text = (Path(__file__).parents[2] / "docs" / "rehearsal.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(read_storyboard(example).scenes) == 4
    assert all(f"`{action}" in text for action in ACTIONS)


def test_ours_have_every_action_but_reports() -> None:
    played = {scene.action for one in OURS.values() for scene in read_storyboard(one.read_text("utf-8")).scenes}
    assert ACTIONS.keys() - played == {"flag"}
