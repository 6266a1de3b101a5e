"""How a page looks in light, in dark and on a phone: sane for assistive technology, and it fits."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

from tests.journey.dashboard import expect_soon

GRAVE = ("serious", "critical")
# Pictures are kept in this folder, where it is set.
PICTURES = "SUTAZAI_TEST_SCREENSHOTS"
DESK: ViewportSize = {"width": 1200, "height": 850}
PHONE: ViewportSize = {"width": 390, "height": 844}


@dataclass(frozen=True)
class Look:
    """A size and a scheme of colours, and what axe looks at in it."""

    name: str
    size: ViewportSize
    scheme: Literal["light", "dark"]
    asked: dict[str, Any]


_ALL: dict[str, Any] = {"resultTypes": ["violations"]}
# Between two schemes nothing differs but colours.
_COLOURS = _ALL | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
LOOKS = (
    Look("light", DESK, "light", _ALL),
    Look("dark", DESK, "dark", _COLOURS),
    Look("phone", PHONE, "light", _ALL),
)


def grave_in(page: Page, name: str, *, moving: bool = False) -> list[str]:
    """Look at a page in every look; gives what axe finds grave, and where it scrolls sideways.

    It is left in the first look. `moving`: its script goes on for as long as it is shown.
    """
    grave: list[str] = []
    for look in LOOKS:
        put_on(page, look)
        stand_still(page, moving=moving)
        if folder := os.environ.get(PICTURES):
            page.screenshot(path=Path(folder) / f"{name}-{look.name}.png")
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            grave.append(f"{name} {look.name}: scrolls sideways")
        grave += [
            f"{name} {look.name}: {one['id']} ({one['impact']}): {node['html'][:300]}\n"
            f"    {node.get('failureSummary', '')[:300]}"
            for one in _violations(page, look.asked)
            if one["impact"] in GRAVE
            for node in one["nodes"]
        ]
    put_on(page, LOOKS[0])
    return grave


def _violations(page: Page, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Ask axe, which a page takes in once."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(Axe().axe_script)
    found: dict[str, list[dict[str, Any]]]
    found = page.evaluate("asked => axe.run(document, asked)", asked)
    return found["violations"]


def put_on(page: Page, look: Look) -> None:
    """Show a page at a size and in a scheme of colours, once it has taken them."""
    page.set_viewport_size(look.size)
    page.emulate_media(color_scheme=look.scheme)
    # Core's own pages, of the login, say nothing of a scheme.
    page.wait_for_function(
        "scheme => [null, 'normal', scheme].includes("
        "(e => e && getComputedStyle(e).colorScheme)(document.querySelector('.stApp')))",
        arg=look.scheme,
    )


def stand_still(page: Page, *, moving: bool = False) -> None:
    """Wait until a page stands: its heading is there, its script has ended, and nothing fades."""
    expect_soon(page.locator("h1"))
    if not moving:
        page.wait_for_function(
            "() => document.querySelector('.stApp')?.dataset.testScriptState !== 'running'"
            " && !document.querySelector('[data-testid=stSkeleton]')"
        )
    page.wait_for_function(
        # What is at work may breathe; nothing else moves.
        "() => document.getAnimations().every("
        "one => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)"
    )
