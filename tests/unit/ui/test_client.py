"""The dashboard's client: answers read, troubles in words, runs watched."""

import socket
import time

import pytest
from fastapi.responses import JSONResponse, Response

from sutazai_ui.client import PATIENCE_S, Api, SignedOut, Trouble, exchange, open_http
from sutazai_ui.watching import TRIES, Following, watch
from tests.unit.ui.core_answers import DOCUMENT, RUN, TASK, problem
from tests.unit.ui.core_server import SECRET, TOKEN, Core, event, said

STARTED = event("step.started", 1, data={"step": "write"})
DONE = event("run.succeeded", 3, data={})


@pytest.fixture
def api(core: Core) -> Api:
    return Api(open_http(core.url, 10), TOKEN)


def test_a_session_is_exchanged_for_a_token(core: Core) -> None:
    access = exchange(open_http(core.url, 10), SECRET)
    assert access.access_token in core.tokens
    assert (access.expires_in, access.user.email) == (600, "ann@example.org")
    with pytest.raises(SignedOut, match=r"session is over") as over:
        exchange(open_http(core.url, 10), "another")
    assert (over.value.status, over.value.request_id) == (401, "req-7")


def test_lists_are_read_to_their_end(core: Core, api: Api) -> None:
    core.collections = ("a", "b", "c")
    assert [collection.name for collection in api.collections()] == ["a", "b", "c"]


def test_so_many_documents_are_read_as_are_shown(core: Core, api: Api) -> None:
    for name in ("a.md", "b.md", "c.md"):
        core.add(name)
    page = api.documents("default", 2)
    assert [document.name for document in page.items] == ["a.md", "b.md"]
    assert [document.name for document in api.documents("default", 2, page.next).items] == ["c.md"]
    assert api.document("default", DOCUMENT).name == "c.md"


def test_a_file_is_handed_over_and_a_passage_read(core: Core, api: Api) -> None:
    assert api.upload("default", "new.md", b"text").name == "new.md"
    assert core.uploads == ["new.md"]
    core.documents[-1]["status"] = "indexed"
    assert api.text("default", DOCUMENT, 8, 34).text == "A lease holds ten seconds."


def test_a_refusal_is_said_in_its_own_words(core: Core, api: Api) -> None:
    core.refusal = problem(503, "database_unavailable", "The database does not answer now.")
    with pytest.raises(Trouble, match="database does not answer") as told:
        api.collections()
    assert (told.value.status, told.value.code) == (503, "database_unavailable")
    assert not isinstance(told.value, SignedOut)


def test_what_is_asked_too_often_is_asked_again(core: Core, api: Api) -> None:
    core.too_often = [0, 1, 0]
    assert api.upload("default", "new.md", b"text").name == "new.md"
    assert (len(core.asked), core.uploads) == (4, ["new.md"])


def test_who_is_to_wait_too_long_is_told_at_once(core: Core, api: Api) -> None:
    core.too_often = [int(PATIENCE_S) + 1]
    with pytest.raises(Trouble, match="One caller may send 1 a second"):
        api.collections()
    assert len(core.asked) == 1


def test_who_is_refused_for_long_is_told(
    core: Core, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutazai_ui.client.calls.PATIENCE_S", 0.35)
    core.too_often = [0] * 20
    with pytest.raises(Trouble) as told:
        api.collections()
    assert (told.value.status, len(core.asked)) == (429, 4)


def test_a_stream_waits_as_long_as_it_is_told(core: Core, api: Api) -> None:
    core.events, core.too_often = [STARTED, DONE], [1]
    begun = time.monotonic()
    *_, last = watch(api, RUN, pause_s=0.001)
    assert last.ended == "run.succeeded"
    assert time.monotonic() - begun >= 1


def test_a_token_that_ended_signs_out(core: Core, api: Api) -> None:
    core.sessions.clear()
    with pytest.raises(SignedOut):
        api.start("What?", "default", "key")
    with pytest.raises(SignedOut), api.events(RUN):
        pass


def test_core_that_is_away_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Trouble, match="does not answer"):
        Api(open_http(url, 10), TOKEN).collections()


def test_core_that_is_slow_is_said(core: Core) -> None:
    core.delay_s = 1
    with pytest.raises(Trouble, match="took too long"):
        Api(open_http(core.url, 0.05), TOKEN).collections()


def test_what_is_not_core_is_said(core: Core, api: Api) -> None:
    core.refusal = Response("<p>Welcome</p>", media_type="text/html")
    with pytest.raises(Trouble, match="not this version"):
        api.run(RUN)
    core.refusal = JSONResponse({"errors": [{"field": "goal", "message": "is empty"}]}, 422)
    with pytest.raises(Trouble, match="goal: is empty"):
        api.start("", "default", "key")


def test_a_session_is_ended(core: Core, api: Api) -> None:
    api.end_session()
    assert not core.sessions


def test_a_run_is_watched_to_its_end(core: Core, api: Api) -> None:
    core.events = [STARTED, said("Ten ", 0), said("seconds", 4), DONE]
    texts = [(watched.text, dict(watched.steps)) for watched in watch(api, RUN)]
    assert texts[-1] == ("Ten seconds", {"write": "at work"})


def test_a_stream_that_breaks_off_goes_on_after_the_last_event(core: Core, api: Api) -> None:
    progress = event(
        "step.progress", 2, data={"step": "write", "message": "reads", "done": 1, "total": 2}
    )
    core.events = [STARTED, progress, DONE]
    core.breaks = 2
    *_, last = watch(api, RUN, pause_s=0.01)
    assert (last.ended, last.steps) == ("run.succeeded", {"write": "reads (1 of 2)"})
    assert core.asked.count(("GET", f"/api/v1/runs/{RUN}/events")) == 3


def test_the_attempts_of_each_step_are_kept(core: Core, api: Api) -> None:
    def at(second: int, kind: str, **data: object) -> str:
        moment = f"2026-11-30T08:00:0{second}+00:00"
        return event(kind, second + 1, at=moment, data={"step": "write", "agent": "writer", **data})

    core.events = [
        at(0, "step.started", attempt=1),
        at(2, "step.failed", attempt=1, reason="it was away"),
        at(3, "step.started", attempt=2),
        event("step.started", 5, at="at noon", data={"step": "write", "attempt": 3}),
        event("run.cancelled", 9, at="2026-11-30T08:00:07+00:00", data={}),
    ]
    *_, last = watch(api, RUN)
    first, second = last.attempts.values()
    assert (first.number, first.how, first.reason) == (1, "failed", "it was away")
    assert (second.number, second.how, second.started.second) == (2, "cancelled", 3)
    assert first.ended is not None
    assert second.ended is not None
    assert (first.ended.second, second.ended.second) == (2, 7)


def test_health_is_an_answer_where_a_part_is_unwell(core: Core, api: Api) -> None:
    core.health["ready"] = False
    assert not api.health().ready
    core.refusal = problem(500, "internal", "It broke.")
    with pytest.raises(Trouble, match="It broke"):
        api.health()
    core.refusal = JSONResponse({})
    with pytest.raises(Trouble, match="says nothing"):
        api.health()


def test_text_that_is_revised_begins_anew(core: Core, api: Api) -> None:
    reset = event("step.reset", task=str(TASK), step="write", attempt=1, revision=1)
    core.events = [STARTED, said("Wrong", 0), reset, said("Right", 0, revision=1), DONE]
    *_, last = watch(api, RUN)
    assert last.text == "Right"


def test_what_is_no_text_of_ours_is_passed_over(core: Core, api: Api) -> None:
    core.events = [event("step.text", nothing=1), event("step.reset", nothing=1), STARTED, DONE]
    *_, last = watch(api, RUN)
    assert last.text == ""


def test_a_core_that_stays_away_is_told(api: Api, core: Core) -> None:
    core.refusal = problem(503, "unavailable", "It stops.")
    with pytest.raises(Trouble, match="It stops"):
        list(watch(api, RUN, pause_s=0.001))


def test_a_stream_that_ends_again_and_again_is_told(api: Api, core: Core) -> None:
    core.events = []
    with pytest.raises(Trouble, match="broke off again and again"):
        list(watch(api, RUN, pause_s=0.001))
    assert core.asked.count(("GET", f"/api/v1/runs/{RUN}/events")) == TRIES


def test_a_refusal_that_stays_is_told_at_once(api: Api, core: Core) -> None:
    core.refusal = problem(404, "not_found", "There is no such run.")
    with pytest.raises(Trouble, match="no such run"):
        list(watch(api, RUN))
    assert len(core.asked) == 1


def test_text_of_an_earlier_attempt_comes_too_late(core: Core, api: Api) -> None:
    late = event("step.reset", task=str(TASK), step="write", attempt=1, revision=0)
    core.events = [STARTED, said("Right", 0, revision=1), said("Wrong", 0), late, DONE]
    *_, last = watch(api, RUN)
    assert last.text == "Right"


def test_text_that_is_said_twice_is_there_once(core: Core, api: Api) -> None:
    core.events = [STARTED, said("Ten seconds", 0), said("Ten", 0), DONE]
    *_, last = watch(api, RUN)
    assert last.text == "Ten seconds"


def test_who_follows_a_silent_run_is_not_held_up(core: Core, api: Api) -> None:
    core.events, core.silent = [STARTED, said("Ten", 0)], True
    following = Following(api, RUN)
    deadline = time.monotonic() + 10
    while following.latest.text != "Ten" and time.monotonic() < deadline:
        following.wait(0.1)
    assert following.latest.steps == {"write": "at work"}
    assert not following.wait(0.05)
    core.silent = False
    following.leave()


def test_a_run_that_has_ended_is_told_whole(core: Core, api: Api) -> None:
    core.events = [STARTED, said("Ten ", 0), said("seconds", 4), DONE]
    following = Following(api, RUN)
    following.settle(10)
    assert (following.latest.over, following.latest.text) == (True, "Ten seconds")


def test_who_follows_is_told_why_it_ends(core: Core, api: Api) -> None:
    core.sessions.clear()
    with pytest.raises(SignedOut):
        Following(api, RUN).wait(10)
