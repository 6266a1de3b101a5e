"""The page Graph: what is found, what is around it, ways, groups, what an answer is made of."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.unit.ui.core_answers import (
    ALONE,
    BROKER,
    DOCUMENT,
    LEASE,
    RESULT,
    RUN,
    TALK,
    WORKER,
    entity_answer,
    link_answer,
    problem,
)
from tests.unit.ui.core_server import Core
from tests.unit.ui.opening import Open, links, markup, words


@pytest.fixture(autouse=True)
def document(core: Core) -> None:
    core.add()


def fill(tab: AppTest, key: str, text: str) -> AppTest:
    """Write into a field."""
    return tab.text_input(key).set_value(text).run()


def test_where_nothing_was_read_it_says_what_to_do(page: Open, core: Core) -> None:
    core.documents.clear()
    tab = page("graph")
    assert "There is nothing in **default** yet." in words(tab)
    assert "knowledge" in links(tab)
    assert not tab.text_input


def test_entities_are_found_and_lead_to_their_own_view(page: Open) -> None:
    tab = page("graph")
    assert "**Groups** shows what there is" in words(tab)
    fill(tab, "graph-find", "lease")
    assert "**Lease *one*** :small[term · 3 passages]" in words(tab)
    assert f"graph?collection=default&entity={LEASE}" in links(tab)
    fill(tab, "graph-find", "nothing")
    assert "Nothing begins so." in words(tab)


def test_trouble_while_it_is_searched_is_said_with_its_id(page: Open, core: Core) -> None:
    tab = page("graph")
    core.refuses = ("GET", "/api/v1/graph/entities")
    fill(tab, "graph-find", "lease")
    assert "The queue is full." in words(tab)
    assert "req-7" in words(tab)
    core.refuses = None
    tab.run()
    assert "Lease *one*" in words(tab)


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"entity": str(LEASE)}, "neighbours"),
        ({"run": str(RUN)}, f"answers/{RUN}"),
        ({"part": "groups"}, "communities"),
    ],
)
def test_an_answer_that_is_late_is_said(
    core: Core, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch, page: Open,
    params: dict[str, str], path: str,
) -> None:  # fmt: skip
    argv = ["app", "--api-url", core.url, "--answer-s", "0.3"]
    monkeypatch.setattr("sys.argv", argv)
    core.slow = f"/api/v1/graph/{path}"
    tab = page("graph", **params)
    assert not tab.exception
    assert "took too long" in words(tab)
    assert len(tab.title) == 1


def test_what_is_around_an_entity_is_drawn_and_listed(page: Open) -> None:
    tab = page("graph", collection="default", entity=str(WORKER))
    assert not tab.exception
    assert tab.title[0].value == "Worker"
    told = words(tab)
    assert "name · 2 passages · collection default" in told
    assert "Around Worker: 2 neighbours" in told
    # Its neighbours are links to go on by; it is none to itself.
    drawn = [link for link in links(tab) if "entity=" in link]
    assert sorted(drawn) == [
        f"graph?collection=default&entity={LEASE}",
        f"graph?collection=default&entity={BROKER}",
    ]
    # What has no direction is said from here; what has one is said as it is.
    assert "**Worker** – together – **Lease *one*** :small[2 passages]" in told
    assert "**Worker** is a → **broker.md** :small[1 passage]" in told
    assert markup(tab).count('class="sz-line to"') == 1
    assert "graph?collection=default&part=way&start=Worker" in links(tab)


def test_a_link_opens_at_the_passages_that_say_so(page: Open, core: Core) -> None:
    tab = page("graph", entity=str(WORKER))
    assert not [one for one in core.sent if one[1] == "/graph/sources"]
    key = f"reason-{LEASE}-together-{WORKER}"
    tab.session_state[key] = True
    tab.run()
    assert core.sent[-1] == ("GET", "/graph/sources", (str(LEASE), "together", str(WORKER)))
    assert "Before. <mark>A lease holds ten seconds.</mark> After." in markup(tab)
    assert "leases.md › Leases" in words(tab)
    assert f"knowledge?collection=default&document={DOCUMENT}&start=8&end=34" in links(tab)
    core.sources = 5
    tab.run()
    assert markup(tab).count("<mark>") == 3
    tab.button(f"{key}-on").click().run()
    assert markup(tab).count("<mark>") == 5
    core.sources = 0
    tab.run()
    assert "No passage says so any more" in words(tab)
    core.refuses = ("GET", "/api/v1/graph/sources")
    tab.run()
    assert "The queue is full." in words(tab)
    assert tab.title[0].value == "Worker"


def test_of_many_neighbours_the_best_joined_are_drawn(page: Open, core: Core) -> None:
    many = [(LEASE.__class__(int=900 + number), f"N{number}") for number in range(30)]
    core.entities += [entity_answer(id, name) for id, name in many]
    core.links = [link_answer(WORKER, "together", id, 1 + (name == "N29")) for id, name in many]
    tab = page("graph", entity=str(WORKER))
    drawn = [link for link in links(tab) if "entity=" in link]
    assert len(drawn) == 12
    assert f"graph?collection=default&entity={many[29][0]}" in drawn
    assert "The 12 best joined of 30; all of them are listed below." in words(tab)
    assert len(tab.expander) == 20
    next(button for button in tab.button if button.label == "Show more of 30").click().run()
    assert len(tab.expander) == 30


def test_an_entity_that_nothing_is_joined_to_says_so(page: Open) -> None:
    assert "Nothing is joined to it" in words(page("graph", entity=str(ALONE)))


def test_what_is_not_there_is_said(page: Open) -> None:
    tab = page("graph", entity=str(DOCUMENT))
    assert "Nothing names that." in words(tab)
    assert "req-7" in words(tab)
    assert "That is no id." in words(page("graph", entity="nonsense"))
    assert "That is no id." in words(page("graph", run="nonsense"))


def test_a_way_between_two_is_shown_with_what_joins_them(page: Open) -> None:
    tab = page("graph", part="way", start="lease", collection="default")
    assert tab.text_input("way-start").value == "lease"
    assert "Name two things" in words(tab)
    fill(tab, "way-end", "broker")
    assert not tab.exception
    drawn = [link for link in links(tab) if "entity=" in link]
    assert [link.rpartition("=")[2] for link in drawn] == [str(LEASE), str(WORKER), str(BROKER)]
    assert "– together –" in markup(tab)
    assert "is a →" in markup(tab)
    assert "2 links" in words(tab)
    assert len(tab.expander) == 2
    fill(tab, "way-end", "lone")
    assert "No way of 6 links or less" in words(tab)
    fill(tab, "way-end", "nothing")
    assert "Nothing begins with nothing." in words(tab)


def test_of_several_that_begin_so_one_is_chosen(page: Open, core: Core) -> None:
    core.entities.append(entity_answer(TALK, "Worker two"))
    tab = page("graph", part="way", start="lease")
    fill(tab, "way-end", "worker")
    which = next(box for box in tab.selectbox if box.label == "To: which one")
    assert which.options == ["Worker (name · 2 passages)", "Worker two (name · 1 passage)"]
    assert [link for link in links(tab) if "entity=" in link][-1].endswith(str(WORKER))


def test_groups_are_listed_largest_first(page: Open, core: Core) -> None:
    tab = page("graph", part="groups")
    assert "Nothing belongs together yet" in words(tab)
    core.groups = [{"entities": core.entities[:2], "size": 5}] * 10
    tab.run()
    told = words(tab)
    assert "**5 things** :small[around Lease *one*]" in told
    assert "and 3 more" in told
    assert f"graph?collection=default&entity={WORKER}" in links(tab)
    assert told.count("**5 things**") == 8
    tab.button("more-groups").click().run()
    assert words(tab).count("**5 things**") == 10


def test_an_answer_leads_to_what_it_is_made_of(page: Open, core: Core) -> None:
    assert f"graph?run={RUN}" in links(page("runs", run=str(RUN)))
    core.talks.append({"id": str(TALK), "title": "t", "collection": "default"})
    core.say("How long?")
    assert f"graph?run={RUN}" in links(page("ask", talk=str(TALK)))
    # What was answered from nothing leads nowhere.
    core.result = None
    core.status = "failed"
    assert f"graph?run={RUN}" not in links(page("runs", run=str(RUN)))


def test_what_an_answer_is_made_of_is_drawn_with_what_it_cites(page: Open, core: Core) -> None:
    tab = page("graph", run=str(RUN))
    assert not tab.exception
    told = words(tab)
    assert "How long does a lease hold?" in told
    assert "What the answer names: 4 entities" in told
    assert f"runs?run={RUN}" in links(tab)
    assert markup(tab).count('class="sz-line"') == 2  # for a wide page, and for a phone
    tab.session_state[f"reason-{LEASE}-together-{WORKER}"] = True
    tab.run()
    assert "leases.md › Leases :small[cited as [1]]" in words(tab)


def test_an_answer_that_names_nothing_any_more_says_so(page: Open, core: Core) -> None:
    core.entities, core.links = [], []
    assert "its documents were replaced or removed since" in words(page("graph", run=str(RUN)))
    core.refusal = problem(404, "not_found", "There is no such run.")
    core.result = dict(RESULT)
    assert "There is no such run." in words(page("graph", run=str(RUN)))


def test_a_collection_that_a_link_names_is_chosen(page: Open, core: Core) -> None:
    core.collections = ("default", "handbook")
    tab = page("graph", part="groups", collection="handbook")
    assert tab.selectbox[0].value == "handbook"
    tab.selectbox[0].set_value("default").run()
    assert tab.selectbox[0].value == "default"
