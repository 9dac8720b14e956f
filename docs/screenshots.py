"""Pictures of every page of the demo, as on a phone and on a desk, light and dark: `make screenshots`.

They go to build/screenshots. Those that the documentation shows are copied by hand, once somebody has looked at them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import click
from playwright.sync_api import sync_playwright

OUT = Path(__file__).parents[1] / "build" / "screenshots"
SIZES = {"phone": (390, 844), "desktop": (1360, 900)}
SLUG = "the-island-that-sets-its-clocks-by-the-ferry"

# By name: the address, and as whom it is looked at.
PAGES = [
    ("front", "/", None),
    ("section", "/sections/asia", None),
    ("article", f"/articles/{SLUG}", None),
    ("article-signed-in", f"/articles/{SLUG}", "Demo Reader"),
    ("thread", f"/articles/{SLUG}", "Demo Reader"),
    ("article-arabic", "/articles/the-shadow-clock-returns-to-the-square", None),
    ("author", "/authors/emi-kuroda", None),
    ("search", "/search?q=the+sea", None),
    ("search-nothing", "/search?q=zebra+xylophone", None),
    ("sign-in", "/sign-in", None),
    ("missing", "/articles/never-written", None),
    ("about", "/about", None),
    ("desk-comments", "/desk/comments?queue=UNMODERATED", "Demo Moderator"),
    ("desk-nothing", "/desk/comments?queue=REPORTED", "Demo Moderator"),
    ("desk-lists", "/desk/lists", "Demo Editor"),
    ("desk-list", "/desk/lists/must-reads?q=ferry", "Demo Editor"),
]


@contextmanager
def demo() -> Iterator[str]:
    """The address of a demo in which nothing happens by itself."""
    command = [Path(sys.executable).with_name("newsgraph"), "demo", "--still", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603 - our own
        assert running.stdout is not None  # noqa: S101
        lines: list[str] = []
        while not any(line.startswith("ADMIN") for line in lines):
            lines.append(running.stdout.readline())
        found = re.search(r"https?://\S+(?=/)", lines[0])
        try:
            yield found[0] if found else ""
        finally:
            running.terminate()


def sign_in(page: Any, address: str, account: str) -> None:
    page.goto(f"{address}/sign-in")
    page.get_by_role("button", name=account).click()
    page.get_by_role("button", name="Sign out").wait_for()


def shoot(browser: Any, address: str, size: str, scheme: str, only: str) -> None:
    width, height = SIZES[size]
    wanted = [entry for entry in PAGES if only in entry[0]]
    for account in dict.fromkeys(account for _, _, account in wanted):
        view = {"width": width, "height": height}
        with browser.new_context(viewport=view, color_scheme=scheme, reduced_motion="reduce") as context:
            page = context.new_page()
            if account:
                sign_in(page, address, account)
            for name, path, _ in [entry for entry in wanted if entry[2] == account]:
                page.goto(address + path)
                if name == "thread":
                    page.goto(address + str(page.locator(".remark header a").nth(1).get_attribute("href")))
                page.evaluate("document.querySelectorAll('img').forEach((one) => (one.loading = 'eager'))")
                page.evaluate("document.getElementById('bottom')?.scrollIntoView()")  # comments load when one is near
                page.wait_for_load_state("networkidle")
                page.evaluate("scrollTo(0, 0)")
                page.screenshot(path=OUT / f"{name}-{size}-{scheme}.png", full_page=True)
                over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if over > 0:
                    click.echo(f"{name} on a {size}: {over} pixels too wide", err=True)


@click.command()
@click.option("--only", default="", help="Pages whose names have this in them.")
def main(only: str) -> None:
    """Take them all."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise click.ClickException("there is no Chromium on this machine")
    OUT.mkdir(parents=True, exist_ok=True)
    options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with (
        demo() as address,
        sync_playwright() as started,
        started.chromium.launch(executable_path=chromium, args=options) as browser,
    ):
        for size, scheme in product(SIZES, ("light", "dark")):
            shoot(browser, address, size, scheme, only)
    click.echo(f"{len(list(OUT.glob('*.png')))} pictures are in {OUT}")


if __name__ == "__main__":
    main()
