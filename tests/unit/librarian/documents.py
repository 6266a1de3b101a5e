"""What holds of every document that was read, and documents that try to break it."""

from sutazai_agents.documents.parsed import Parsed


def covered(parsed: Parsed) -> Parsed:
    """Check that blocks are in order, apart, and hold all that is not white space."""
    end = 0
    for block in parsed.blocks:
        assert end <= block.start < block.end
        assert not parsed.text[end : block.start].strip()
        assert parsed.text[block.start : block.end].strip()
        end = block.end
    assert not parsed.text[end:].strip()
    return parsed


def block_texts(parsed: Parsed) -> list[tuple[str, str]]:
    """List blocks as kind and text."""
    return [(block.kind, parsed.text[block.start : block.end]) for block in parsed.blocks]


def paths(parsed: Parsed) -> dict[str, tuple[str, ...]]:
    """Map the text of every block that is no heading to the headings it stands under."""
    return {
        parsed.text[block.start : block.end]: block.heading_path
        for block in parsed.blocks
        if block.kind != "heading"
    }


# Each is repeated to any length; what parses slower than it grows is a way to stop the platform.
NASTY_MARKDOWN = {
    "quotes": "> ",
    "deep quotes": "> " * 300 + "\n",
    "deep lists": "- " * 300 + "\n",
    "stairs": "".join(" " * width + "- x\n" for width in range(40)),
    "references": "[a\n",
    "definitions": "[a]: b\n",
    "angles": "<\n",
    "comments": "<!--\n",
    "fences": "```\n",
    "ticks": "`\n",
    "tables": "a|b\n-|-\n",
    "wide tables": "|" * 300 + "\n",
    "stars": "*a\n",
    "headings": "#\n",
    "underlines": "a\n-\n",
    "items": "- a\n",
    "lazy quotes": "> a\nb\n",
    "tabs": "\t\n",
    "new lines": "\n",
    "one line": "word ",
    "one word": "x",
    "brackets in headings": "# " + "[" * 400 + "\n",
    "emphasis in headings": "# " + "*a_" * 150 + "\n",
    "invisible": "a\u200b\u200d\u202e\n",
}
NASTY_HTML = {
    "divs": "<div>",
    "spans": "<span>",
    "bold": "<b>",
    "paragraphs": "<p>x",
    "paragraphs in quotes": "<blockquote><p>",
    "lists": "<ul><li>",
    "tables": "<table><tr><td>",
    "unknown ends": "<div></x>",
    "ends out of reach": "<div><table></div>",
    "bold around blocks": "<b><div></b>",
    "fonts left open": "<p><font size=1>x<p><font size=2>x<p><font size=3>x",
    "fonts in cells": "<table><tr><td><font>x</td></tr></table>",
    "forms": "<form><div></form>",
    "buttons": "<p><button>",
    "angles": "<",
    "comments": "<!--",
    "quotes": '<a b="',
    "ampersands": "&",
    "headings": "<h1>a",
    "headings in divs": "<h1><div>x",
    "selects": "<select><option>",
    "drawings": "<svg><g>",
    "objects": "<marquee><div></div>",
    "scripts": "<script>",
    "titles": "<title>",
    "sections": "<![CDATA[",
    "attributes": "<a " + "b " * 50 + ">",
    "invisible": "<p>\u202e\u200b",
    "spaces": "  \n",
    "one word": "x",
}
