"""The dashboard's pages as Streamlit runs them, and what is to be read on them."""

import re
from collections.abc import Callable
from functools import cache
from html import unescape
from pathlib import Path

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import sutazai_ui

APP = Path(sutazai_ui.__file__).parent / "app.py"
Open = Callable[..., AppTest]
# For each page that is opened it would read anew what all installed packages say of themselves.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


def opened(page: str = "ask", **params: str) -> AppTest:
    """Open a page in a new tab, with what stands in its address after `?`."""
    tab = AppTest.from_file(str(APP), default_timeout=20)
    # A page that is a function has no file, by which `switch_page` would find it.
    tab._page_hash = calc_hash(page)
    for name, value in params.items():
        tab.query_params[name] = value
    return tab.run()


def words(page: AppTest) -> str:
    """Give all that is to be read, as it reads."""
    titles = (*page.title, *page.header, *page.caption, *page.markdown, *page.code)
    boxes = (*page.info, *page.error, *page.warning, *page.success)
    told = [str(element.value) for element in (*titles, *boxes)]
    told += [link.proto.label for link in page.page_link]
    told += [block.label for block in page.expander]
    plain = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", "\n".join(told)).replace("\u2060", "")
    return plain + unescape(re.sub(r"<[^>]+>", " ", markup(page)))


def markup(page: AppTest) -> str:
    """Give what the page's own HTML is."""
    bodies = [element.proto.body for element in page.get("html")]
    return "\n".join(body for body in bodies if not body.startswith("<style>"))


def links(page: AppTest) -> list[str]:
    """Give where the page's links lead: the page and what stands after `?`."""
    return [f"{link.proto.page}?{link.proto.query_string}".rstrip("?") for link in page.page_link]
