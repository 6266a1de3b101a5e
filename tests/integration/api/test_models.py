"""`GET /api/v1/models`: what there is of models, and what a tenant used of them."""

import httpx2

from sutazai.core.models.model import LineState, ModelsState
from sutazai.entrypoints.api.routes.models import models_shape
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.models import Capabilities, ModelInfo, RuntimeInfo
from tests.integration.api.running import Running

USED = """
INSERT INTO model_calls (id, tenant_id, run_id, task_id, agent, provider, model, priority, ending,
    prompt_tokens, completion_tokens, exact, waited_s, total_s, ended_at)
VALUES (%(id)s, %(tenant)s, %(id)s, %(id)s, 'writer', 'ollama', 'tinyllama', 'interactive', 'stop',
    7, 5, true, 0, 1.5, now() - %(age)s::interval)
"""


def test_without_a_runtime_it_says_so_and_what_to_do(api: httpx2.Client) -> None:
    answer = api.get("/api/v1/models")
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["state"], shown["runtime"], shown["models"]) == ("no_runtime", None, [])
    assert "ollama pull" in shown["advice"]
    assert "SUTAZAI_MODELS_GGUF" in shown["advice"]
    assert "127.0.0.1:9" in shown["advice"], "why the one that is set is not in use"
    assert shown["roles"] == {
        "default": None,
        "writer": None,
        "reviewer": None,
        "coder": None,
        "rewriter": None,
    }


def test_what_was_used_in_the_last_day_is_shown_to_its_tenant(
    platform: Running, api: httpx2.Client, neighbour_api: httpx2.Client
) -> None:
    for age in ("1 hour", "2 days"):
        platform.execute(USED, {"id": new_id(), "tenant": platform.tenant.id, "age": age})
    (used,) = api.get("/api/v1/models").json()["used_last_day"]
    assert used == {
        "provider": "ollama",
        "model": "tinyllama",
        "calls": 1,
        "failed": 0,
        "prompt_tokens": 7,
        "completion_tokens": 5,
        "seconds": 1.5,
        "cost": None,
    }
    assert neighbour_api.get("/api/v1/models").json()["used_last_day"] == []


def test_each_model_says_who_uses_it_and_who_waits() -> None:
    can = Capabilities(context_tokens=2048, json_schema=True)
    runtime = RuntimeInfo(provider="ollama", place="here", hosted=False, advice="a better one")
    state = ModelsState(
        runtime=runtime,
        advice="a better one",
        models=(
            ModelInfo(name="a", provider="ollama", capabilities=can, size_bytes=5),
            ModelInfo(name="b", provider="ollama", capabilities=can),
        ),
        roles={"coder": "b", "default": "a", "writer": "a"},
        lines=(LineState("ollama", "a", 1, 1, 4, 2.5), LineState("llama_cpp", "b", 1, 1, 1, 1.0)),
        use=(),
    )
    shown = models_shape(state)
    assert shown.state == "ready"
    assert [(model.name, model.roles) for model in shown.models] == [
        ("a", ("default", "writer")),
        ("b", ("coder",)),
    ]
    line = shown.models[0].line
    assert line is not None
    assert (line.busy, line.waiting, line.typical_s) == (1, 4, 2.5)
    assert shown.models[1].line is None
    mute = ModelsState(runtime, "", state.models, {"default": None}, (), ())
    assert models_shape(mute).state == "no_model"
