"""The page Ask: conversations, answers as they come, sources."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.unit.ui.core_answers import CITATION, CONVERSATION, RUN, TALK, message_answer, problem
from tests.unit.ui.core_server import Core, event, said
from tests.unit.ui.opening import Open, links, markup, words

DONE = event("run.succeeded", 2, data={})
HOSTILE = "<img src=http://x.example/a.png> ![a](http://x.example/b.png) :smile: www.x.example"


def ask(tab: AppTest, goal: str = "How long does a lease hold?") -> AppTest:
    """Ask, and run on until the answer is there."""
    return tab.chat_input[0].set_value(goal).run()


def open_source(tab: AppTest) -> None:
    """Open the source of the newest answer."""
    message = re.search(r"source-[0-9a-f-]+-1", "\n".join(b.proto.id for b in tab.expander))
    key = message[0] if message else ""
    tab.session_state[key] = True
    tab.run()
    assert not tab.exception


def test_without_documents_it_says_where_to_add_some(page: Open) -> None:
    tab = page()
    assert not tab.exception
    assert "There is nothing to answer from" in words(tab)
    assert "Add documents" in words(tab)
    assert tab.chat_input[0].disabled


def test_who_may_only_read_can_not_ask(page: Open, core: Core) -> None:
    core.add()
    core.user["role"] = "viewer"
    tab = page()
    assert "needs the role **member**" in words(tab)
    assert tab.chat_input[0].disabled


def test_a_question_is_answered_with_sources_that_open(page: Open, core: Core) -> None:
    core.add()
    core.events = [event("step.started", 1, data={"step": "write"}), said("Ten", 0), DONE]
    tab = ask(page())
    assert not tab.exception
    assert "Ten *seconds* [1]." in words(tab)
    assert "Confidence 8 of 10 · quoted from the documents" in words(tab)
    assert tab.query_params["talk"] == str(TALK)
    [body] = [body for method, path, body in core.sent if path == "/messages"]
    assert body == {"goal": "How long does a lease hold?", "collection": "default"}
    assert "[1] leases.md › Leases" in re.sub(r"[\\\u2060]", "", tab.expander[-1].label)
    open_source(tab)
    assert "Before. <mark>A lease holds ten seconds.</mark> After." in markup(tab)
    assert any("document=" in link and "start=8" in link for link in links(tab))


def test_a_conversation_goes_on_with_what_was_said(page: Open, core: Core) -> None:
    core.add()
    core.events = [DONE]
    tab = ask(page())
    ask(tab, "And then?")
    assert not tab.exception
    assert words(tab).count("Ten *seconds* [1].") == 2
    assert "Asked with 3 earlier messages." in words(tab)
    assert core.asked.count(("POST", "/api/v1/conversations")) == 1


def test_the_graph_is_asked_where_a_person_wants_it(page: Open, core: Core) -> None:
    core.add()
    core.events = [DONE]
    tab = page()
    assert "a name that both have" in str(tab.toggle("ask-graph").help)
    tab.toggle("ask-graph").set_value(True)
    tab = ask(tab)
    assert not tab.exception
    ask(tab, "And then?")
    tab.toggle("ask-graph").set_value(False)
    ask(tab, "And now?")
    bodies = [body for method, path, body in core.sent if path == "/messages"]
    assert [body.get("graph") for body in bodies] == [True, True, None]


def test_a_source_that_the_graph_led_to_says_so(page: Open, core: Core) -> None:
    core.talks = [dict(CONVERSATION)]
    core.say("How long?")
    tab = page(talk=str(TALK))
    assert "by the graph" not in tab.expander[-1].label
    core.messages[-1]["citations"] = [CITATION | {"by_graph": True}]
    tab = page(talk=str(TALK))
    assert tab.expander[-1].label.endswith(" :small[by the graph]")


def test_who_may_only_read_is_not_offered_the_graph(page: Open, core: Core) -> None:
    core.add()
    core.user["role"] = "viewer"
    assert not page().toggle


def test_what_did_not_fit_any_more_is_said(page: Open, core: Core) -> None:
    core.talks = [dict(CONVERSATION)]
    core.say("How long?")
    core.messages[-1]["context"] |= {"used": 4, "dropped": 2}
    tab = page(talk=str(TALK))
    assert "with the last 4 messages; 2 earlier ones did not fit any more" in words(tab)


def test_conversations_are_listed_and_opened(page: Open, core: Core) -> None:
    core.talks = [CONVERSATION | {"id": str(TALK), "title": f"Talk {n}"} for n in range(25)]
    core.talks[1]["busy"] = True
    core.say("How long?")
    tab = page(talk=str(TALK))
    assert tab.title[0].value == "Talk 0"
    assert sum("talk=" in link for link in links(tab)) == 20
    tab.button("more-talks").click().run()
    assert sum("talk=" in link for link in links(tab)) == 25


def test_a_conversation_gets_a_name_and_is_removed(page: Open, core: Core) -> None:
    core.talks = [dict(CONVERSATION)]
    tab = page(talk=str(TALK))
    tab.text_input[0].set_value("Leases")
    next(b for b in tab.button if b.label == "Rename").click().run()
    assert core.talks[0]["title"] == "Leases"
    tab.button("forget").click().run()
    assert core.talks == []
    assert "talk" not in tab.query_params


def test_a_conversation_that_is_not_there_is_said(page: Open, core: Core) -> None:
    tab = page(talk=str(TALK))
    assert "There is no such conversation." in words(tab)
    assert tab.title[0].value == "Ask"
    assert "Begin a new conversation" in words(tab)
    assert page(talk="nonsense").title[0].value == "Ask"


def test_earlier_messages_come_when_they_are_asked_for(page: Open, core: Core) -> None:
    core.talks = [dict(CONVERSATION)]
    core.messages = [message_answer(n, "user", f"message {n}.") for n in range(1, 41)]
    tab = page(talk=str(TALK))
    assert "message 11." in words(tab)
    assert "message 10." not in words(tab)
    tab.button("earlier-messages").click().run()
    assert "message 1." in words(tab)


def test_what_another_tab_asked_is_watched_here(page: Open, core: Core) -> None:
    core.add()
    core.talks = [CONVERSATION | {"busy": True}]
    core.messages = [message_answer(1, "user", "How long?")]
    core.events = [said("Ten ", 0), event("step.progress", 1, data={"step": "write"})]
    core.refuses = ("GET", f"/api/v1/runs/{RUN}/events")
    tab = page(talk=str(TALK))
    assert "The queue is full." in words(tab)
    assert tab.chat_input[0].disabled
    core.refuses, core.events = None, [DONE]
    core.talks[0]["busy"] = False
    tab.button("watch-again").click().run()
    assert not tab.exception
    assert not tab.chat_input[0].disabled


def test_a_source_that_changed_shows_what_was_quoted(page: Open, core: Core) -> None:
    core.add()
    core.events, core.text = [DONE], "Something else by now."
    tab = ask(page())
    open_source(tab)
    assert "A lease holds ten seconds." in words(tab)
    assert "The document reads otherwise by now." in words(tab)


def test_nothing_that_is_said_is_markup(page: Open, core: Core) -> None:
    core.add("good.md")
    core.text = f"Before. A lease holds ten seconds. {HOSTILE}"
    assert core.result is not None
    core.result["answer"] = HOSTILE
    core.events = [DONE]
    tab = ask(page(), HOSTILE)
    open_source(tab)
    core.talks[0]["title"] = HOSTILE
    tab.run()
    # The name of the conversation, twice; the question, the answer, and the text of the source.
    assert words(tab).count(HOSTILE[:30]) == 5
    assert "<img" not in markup(tab)
    core.refusal = problem(503, "unavailable", HOSTILE)
    tab.run()
    assert words(tab).count(HOSTILE) == len(tab.error) > 0
    told = "\n".join(str(element.value) for element in (*tab.error, *tab.markdown, *tab.title))
    for live in ("<img", "![a]", ":smile:", "http:", "www."):
        assert live not in told


@pytest.mark.parametrize(
    ("status", "told"),
    [("failed", "the writer gave up"), ("cancelled", "This was stopped.")],
)
def test_a_run_without_an_answer_says_why(page: Open, core: Core, status: str, told: str) -> None:
    core.add()
    core.events = [event(f"run.{status}", 1, data={})]
    core.status, core.result = status, None
    assert told in words(ask(page(), "What?"))


def test_an_answer_without_support_says_so(page: Open, core: Core) -> None:
    core.add()
    core.events = [DONE]
    core.result = {"answer": "Maybe.", "kind": "generated", "grounded": False, "confidence": 1}
    tab = ask(page(), "What?")
    assert "The documents do not support this." in words(tab)
    assert "Confidence 1 of 10 · written by a model" in words(tab)


def test_a_question_that_is_not_taken_says_why(page: Open, core: Core) -> None:
    core.add()
    core.refuses = ("POST", f"/api/v1/conversations/{TALK}/messages")
    tab = ask(page(), "What?")
    assert "The queue is full." in words(tab)
    assert "What?" in words(tab)
