"""The pages Agents, Models and Health."""

from datetime import UTC, datetime, timedelta

import pytest

from sutazai_ui.views import amounts
from tests.unit.ui.core_server import Core
from tests.unit.ui.opening import Open, words

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)


def test_agents_say_what_they_can_and_do(page: Open, core: Core) -> None:
    told = words(page("agents"))
    assert "1 agent · 1 of 4 places in use" in told
    for part in ("writer", "▶ busy", "Answers a question", "answer", "12 tasks done, 3 failed"):
        assert part in told


def test_where_no_agent_is_it_says_what_to_do(page: Open, core: Core) -> None:
    core.agents = []
    assert "No agent has come yet." in words(page("agents"))


def test_models_say_what_they_can_and_who_waits(page: Open, core: Core) -> None:
    told = words(page("models"))
    assert "ollama 0.11.4" in told
    assert "stay on this machine" in told
    assert "637.0 MB · 1.1B · Q4_0 · context of 2\u202f048 tokens" in told
    assert "1 of 1 at work, 3 in line (yours: no. 2) · a call takes 2.5 s typically" in told
    assert "none is able" in told
    assert "4 calls, 1 failed" in told
    assert "1 min 15 s" in told
    assert "A larger one is better." in told


def test_where_no_model_is_it_says_how_to_add_one(page: Open, core: Core) -> None:
    core.models["state"] = "no_model"
    core.models |= {"models": [], "roles": {}, "used_last_day": []}
    assert "has no model that writes" in words(page("models"))
    core.models |= {"state": "no_runtime", "runtime": None}
    told = words(page("models"))
    assert "No model runs here." in told
    assert "ollama pull tinyllama" in told


def test_health_says_the_cause_and_the_remedy(page: Open, core: Core) -> None:
    assert "All 2 parts are well." in words(page("health"))
    core.health["parts"][1] |= {"ok": False, "detail": "its port is taken", "remedy": "Free it."}
    told = words(page("health"))
    assert "less of it than it could" in told
    assert "Cause:  its port is taken" in told
    assert "What to do:  Free it." in told
    core.health["ready"] = False
    core.health["parts"][0] |= {"ok": False}
    told = words(page("health"))
    assert "without which nothing works" in told
    assert "Cause:  not said" in told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-1, "0.0 s"), (0.44, "0.4 s"), (59.6, "1 min"), (125, "2 min 5 s"), (90_061, "1 d 1 h")],
)
def test_a_duration_reads_well(seconds: float, told: str) -> None:
    assert amounts.duration(seconds) == told


def test_a_moment_reads_well() -> None:
    assert amounts.moment(NOW, UTC) == "2026-11-30 08:00:00"
    assert amounts.moment(None) == "—"
    assert amounts.ago(NOW - timedelta(minutes=3), NOW) == "3 min ago"
    assert amounts.ago(NOW - timedelta(days=2), NOW) == "2 d ago"
    assert amounts.ago(NOW, NOW) == "just now"
    assert amounts.ago(None) == "never"
    assert amounts.between(NOW, NOW + timedelta(seconds=3)) == "3.0 s"
    assert amounts.between(None, NOW) == ""


def test_a_size_and_a_count_read_well() -> None:
    assert [amounts.size(count) for count in (None, 12, 1234, 5_600_000_000)] == [
        "—",
        "12 B",
        "1.2 KB",
        "5.6 GB",
    ]
    assert amounts.counted(1, "entry", "entries") == "1 entry"
    assert amounts.counted(1234, "run") == "1\u202f234 runs"
