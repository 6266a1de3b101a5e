"""The page Knowledge: collections, files, search, one document."""

from streamlit.testing.v1 import AppTest

from tests.unit.ui.core_answers import DOCUMENT, HIT
from tests.unit.ui.core_server import Core
from tests.unit.ui.opening import Open, links, markup, words


def press(tab: AppTest, label: str) -> AppTest:
    """Press the button that says so."""
    return next(button for button in tab.button if button.label == label).click().run()


def test_where_nothing_is_it_says_how_to_add_some(page: Open, core: Core) -> None:
    assert "There is nothing here yet. Drop files above" in words(page("knowledge"))
    core.user["role"] = "viewer"
    tab = page("knowledge")
    assert "Someone who may write" in words(tab)
    assert len(tab.file_uploader) == 0


def test_documents_are_listed_with_why_one_failed(page: Open, core: Core) -> None:
    core.add("good.md")
    core.add("bad.pdf", "failed", error="It is encrypted.", chunks=None)
    core.add("new.txt", "pending", version=2)
    told = words(page("knowledge"))
    assert "[✓ ready] **good.md** :small[1.2 KB · 2 passages]" in told
    assert "[✗ failed] **bad.pdf**" in told
    assert "It is encrypted." in told
    assert "[▶ being read] **new.txt** :small[1.2 KB · 2 passages · version 2]" in told


def test_of_many_documents_a_page_is_listed(page: Open, core: Core) -> None:
    for number in range(30):
        core.add(f"{number}.md")
    tab = page("knowledge")
    assert "**24.md**" in words(tab)
    assert "**25.md**" not in words(tab)
    tab.button("documents-default-on").click().run()
    assert "**29.md**" in words(tab)


def test_a_file_is_added_and_followed_until_it_is_ready(page: Open, core: Core) -> None:
    tab = page("knowledge")
    tab.file_uploader[0].set_value(("new.md", b"text", "text/markdown")).run()
    assert not tab.exception
    assert core.uploads == ["new.md"]
    assert "1 document being read" in words(tab)
    core.documents[-1]["status"] = "indexed"
    tab.run()
    assert "document being read" not in words(tab)


def test_files_that_are_refused_are_named_until_that_is_read(page: Open, core: Core) -> None:
    files = [(f"{n}.zip", b"PK", "application/zip") for n in range(22)]
    tab = page("knowledge")
    tab.file_uploader[0].set_value([*files, ("b.md", b"text", "text/markdown")]).run()
    assert core.uploads == ["b.md"]
    assert "0.zip: It is an archive." in words(tab)
    assert "2 more files were refused." in words(tab)
    core.documents[-1].update(status="failed", error="It holds nothing.")
    tab.run()
    assert "3 more files were refused." in words(tab)
    tab.button("dismiss").click().run()
    assert "archive" not in words(tab)


def test_a_file_that_is_removed_meanwhile_is_waited_for_no_more(page: Open, core: Core) -> None:
    tab = page("knowledge")
    tab.file_uploader[0].set_value(("new.md", b"text", "text/markdown")).run()
    core.documents.clear()
    tab.run()
    assert not tab.exception
    assert "being read" not in words(tab)


def test_a_collection_is_made_and_removed(page: Open, core: Core) -> None:
    tab = page("knowledge")
    tab.text_input[0].set_value("handbook")
    press(tab, "Make it")
    assert not tab.exception
    assert list(core.collections) == ["default", "handbook"]
    assert tab.selectbox[0].value == "handbook"
    tab.text_input[0].set_value("handbook")
    press(tab, "Make it")
    assert "There is one of that name." in words(tab)
    press(tab, "Remove it for good")
    assert list(core.collections) == ["default"]
    assert tab.selectbox[0].value == "default"
    core.refuses = ("DELETE", "/api/v1/collections/default")
    press(tab, "Remove it for good")
    assert "The queue is full." in words(tab)


def test_passages_are_found_with_the_words_marked(page: Open, core: Core) -> None:
    tab = page("knowledge")
    assert "found by what they mean" in words(tab)
    query = next(field for field in tab.text_input if field.key == "query")
    query.set_value("lease, seconds").run()
    assert "Nothing was found." in words(tab)
    core.hits = [HIT]
    tab.run()
    assert not tab.exception
    assert "A <mark>lease</mark> holds ten <mark>seconds</mark>." in markup(tab)
    assert "75% alike in meaning" in words(tab)
    assert any(link.endswith("start=8&end=34") for link in links(tab))
    query.set_value("to").run()
    assert "<mark>" not in markup(tab)


def test_a_document_opens_at_a_passage(page: Open, core: Core) -> None:
    core.add("leases.md", title="Leases")
    core.text = f"{'a' * 1000}A lease holds ten seconds.{'b' * 20_000}"
    at = {"document": str(DOCUMENT), "start": "1000", "end": "1026"}
    tab = page("knowledge", **at)
    assert not tab.exception
    assert "<mark>A lease holds ten seconds.</mark>" in markup(tab)
    assert "400 to 6\u202f400 of 21\u202f026 characters" in words(tab)
    tab.button("later").click().run()
    assert "<mark>" not in markup(tab)
    assert "6\u202f400 to 12\u202f400" in words(tab)
    tab.button("earlier").click().run()
    assert "400 to 6\u202f400" in words(tab)


def test_a_document_without_text_or_that_failed_says_so(page: Open, core: Core) -> None:
    core.add("empty.md")
    core.text = ""
    tab = page("knowledge", document=str(DOCUMENT), start="²")
    assert "It holds no text." in words(tab)
    core.documents[-1] |= {"status": "failed", "error": "step index: It is encrypted."}
    tab = page("knowledge", document=str(DOCUMENT))
    assert [error.value.replace("\\", "") for error in tab.error] == ["It is encrypted."]
    core.documents[-1] |= {"status": "running", "error": None}
    tab = page("knowledge", document=str(DOCUMENT))
    assert not tab.error
    assert "It has no text yet: it is being read." in words(tab)
    core.refuses = ("GET", f"/api/v1/collections/default/documents/{DOCUMENT}/text")
    tab = page("knowledge", document=str(DOCUMENT))
    assert "The queue is full." in words(tab)


def test_a_document_is_removed(page: Open, core: Core) -> None:
    core.add()
    tab = page("knowledge", document=str(DOCUMENT))
    core.refuses = ("DELETE", f"/api/v1/collections/default/documents/{DOCUMENT}")
    press(tab, "Remove it for good")
    assert "The queue is full." in words(tab)
    core.refuses = None
    press(tab, "Remove it for good")
    assert not tab.exception
    assert core.documents == []
    assert tab.title[0].value == "Knowledge"


def test_a_document_that_is_not_there_is_said(page: Open, core: Core) -> None:
    assert "There is no such document." in words(page("knowledge", document=str(DOCUMENT)))
    assert "That is no document's id." in words(page("knowledge", document="nonsense"))
    core.add()
    core.user["role"] = "viewer"
    tab = page("knowledge", document=str(DOCUMENT))
    assert not [button for button in tab.button if button.label == "Remove it for good"]
