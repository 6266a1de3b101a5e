"""Answers through the platform's agents and a real Ollama; of random weights, so plumbing only."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai_agents.reviewer import UNSUPPORTED, reviewer
from sutazai_contracts.knowledge import Answer
from sutazai_kit import AgentPorts
from sutazai_kit.model.ollama import OllamaConfig, open_ollama
from sutazai_kit.testing import give_model, run_agent
from tests.models.conftest import CONTEXT
from tests.support.embeddings import minilm, models_dir
from tests.support.ollama import Ollama
from tests.support.platform import LivePlatform, live_platform
from tests.unit.reviewer.test_reviewer import SHOP, TWO

__all__ = ["minilm", "models_dir"]

DOCUMENT = "# Leases\n\nA lease holds for ten seconds without a heartbeat.\n"
QUESTION = "How long does a lease hold?"
ENDED = {"run.succeeded", "run.failed", "run.cancelled"}


@pytest.fixture
def platform(models_dir: Path, ollama: Ollama) -> Iterator[LivePlatform]:
    """Give a platform that runs with the real Ollama."""
    told = {
        "SUTAZAI_MODELS_RUNTIME": "ollama",
        "SUTAZAI_MODELS_OLLAMA_URL": ollama.url,
        "SUTAZAI_MODELS_DEFAULT": "tiny",
        "SUTAZAI_MODELS_NUM_CTX": "768",
        "SUTAZAI_MODELS_NUM_THREAD": "1",
    }
    with live_platform(models_dir, **told) as opened:
        opened.start()
        yield opened


@pytest.mark.timeout(240)
@pytest.mark.requirement("D2", part="Ollama")
def test_a_question_is_answered_by_a_model_and_reviewed(platform: LivePlatform) -> None:
    with platform.client(60) as client:
        upload = client.post(
            "/api/v1/collections/default/documents",
            files={"file": ("leases.md", DOCUMENT.encode())},
        )
        indexed = events(client, upload.json()["run"]["id"])
        assert indexed[-1][0] == "run.succeeded", indexed
        run = client.post("/api/v1/runs", json={"goal": QUESTION}).json()["id"]
        seen = events(client, run)
        shown = client.get(f"/api/v1/runs/{run}").json()
    assert shown["status"] == "succeeded", shown
    texts, resets = heard(seen)
    outputs = {step["id"]: step["output"] for step in shown["steps"]}
    assert "write" in texts
    assert texts == {step: outputs[step]["answer"] for step in texts}
    assert list(texts.values())[-1] == shown["result"]["answer"]
    # Random words are never an answer as they stand.
    assert resets == ["write"]
    assert [step["id"] for step in shown["steps"]] == ["research", "write", "review"]
    assert shown["usage"]["model_calls"] >= 1
    # Random words have no source, as good as always: then it quotes, and says so.
    result = shown["result"]
    if result["kind"] == "extract":
        assert "quoted, not written: the language model gave an answer" in result["answer"]
        assert "A lease holds for ten seconds" in result["answer"]
        assert shown["steps"][2]["output"] == shown["steps"][1]["output"]
    assert shown["citations"]


async def test_a_model_judges_claims_through_a_schema(
    minilm: InProcessEmbeddings, ollama: Ollama
) -> None:
    config = OllamaConfig(base_url=ollama.url, num_ctx=CONTEXT, num_thread=1)
    async with open_ollama(config) as model:
        ports = AgentPorts(embeddings=minilm, models=give_model(model, "tiny"))
        done = await run_agent(
            reviewer, {"question": QUESTION, "answer": TWO, "passages": [SHOP]}, ports=ports
        )
    assert isinstance(done.output, Answer), done.result
    assert "and by the model tiny" in done.progress[-1].message
    assert done.usage["model_calls"] == 1
    refused = int(done.usage["claims_unsupported"])
    assert done.output.answer.count(UNSUPPORTED) == refused
    assert done.output.grounded == (refused < 2)


def heard(seen: list[tuple[str, dict[str, Any]]]) -> tuple[dict[str, str], list[str]]:
    """Put each step's text together; give who began anew, too."""
    texts: dict[str, str] = {}
    resets: list[str] = []
    for kind, data in seen:
        if kind == "step.reset":
            texts[data["step"]] = ""
            resets.append(data["step"])
        elif kind == "step.text":
            texts[data["step"]] = texts.get(data["step"], "") + data["text"]
    return texts, resets


def events(client: httpx2.Client, run: str) -> list[tuple[str, dict[str, Any]]]:
    """Watch a run to its end; give the kind and the data of each event."""
    seen: list[tuple[str, dict[str, Any]]] = []
    kind = ""
    with client.stream("GET", f"/api/v1/runs/{run}/events") as stream:
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                seen.append((kind, json.loads(value)))
                if kind in ENDED:
                    break
    return seen
