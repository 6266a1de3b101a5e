"""Answers of core's API as the dashboard gets them, in the shapes of the real routes."""

from typing import Any
from uuid import UUID

from fastapi.responses import JSONResponse

RUN = UUID("01a1fa4e-de93-7b7a-ab1b-56be74c55947")
TASK = UUID("01a1fa4e-e00a-78d0-9f36-d7f603d2bfaa")
DOCUMENT = UUID("01a1fa4d-7bce-7b77-891a-002072ac47eb")
TALK = UUID("01a1fa4d-7bce-7b77-891a-002072ac47ec")
OTHER = UUID("01a1fa4d-7bce-7b77-891a-002072ac47ed")
AT = "2026-11-30T08:00:00+00:00"
TEXT = "Before. A lease holds ten seconds. After."
CITATION = {
    "n": 1,
    "document": {"id": str(DOCUMENT), "name": "leases.md"},
    "heading_path": ["Leases"],
    "start": 8,
    "end": 34,
    "quote": "A lease holds ten seconds.",
}
RESULT = {"answer": "Ten *seconds* [1].", "kind": "extract", "grounded": True, "confidence": 8}
COLLECTION = {
    "id": str(OTHER),
    "model": {"name": "minilm", "revision": "1", "dimension": 384, "max_tokens": 256},
    "created_at": AT,
}


def _step(name: str, agent: str, *needs: str, **more: Any) -> dict[str, Any]:
    made = {"id": name, "agent": agent, "needs": list(needs), "status": "succeeded", "attempts": 1}
    made |= {"task": str(TASK), "started_at": AT, "finished_at": AT, "error": None}
    made |= {"input": {"question": "How long?"}, "output": {"passages": 7}, "usage": {}}
    return made | more


STEPS = [
    _step("research", "researcher", usage={"searches": 1.0, "agent_seconds": 0.5}),
    _step("write", "writer", "research", usage={"model_calls": 2.0, "cost": 0.25}),
    _step("review", "reviewer", "research", "write"),
]
HIT = {
    "document": {"id": str(DOCUMENT), "name": "leases.md"},
    "chunk": str(OTHER),
    "heading_path": ["Leases"],
    "start": 8,
    "end": 34,
    "text": "A lease holds ten seconds.",
    "score": 1.0,
    "similarity": 0.75,
}
# A lease that a worker holds, and a broker that the worker is joined to; another is by itself.
LEASE, WORKER, BROKER, ALONE = (UUID(int=number) for number in range(101, 105))


def entity_answer(id: UUID, name: str, chunks: int = 1, kind: str = "name") -> dict[str, Any]:
    """Give an entity."""
    return {"id": str(id), "kind": kind, "key": name.lower(), "name": name, "chunks": chunks}


def link_answer(subject: UUID, kind: str, what: UUID, weight: int = 1) -> dict[str, Any]:
    """Give a link."""
    return {"subject": str(subject), "kind": kind, "object": str(what), "weight": weight}


ENTITIES = [
    entity_answer(LEASE, "Lease *one*", 3, "term"),
    entity_answer(WORKER, "Worker", 2),
    entity_answer(BROKER, "broker.md", 1, "document"),
    entity_answer(ALONE, "Lone"),
]
LINKS = [
    link_answer(LEASE, "together", WORKER, 2),
    link_answer(WORKER, "is_a", BROKER),
]
AGENT = {
    "name": "writer",
    "version": "2",
    "description": "Answers a question from passages.",
    "capabilities": ["answer"],
    "status": "busy",
    "workers": 1,
    "slots": 4,
    "busy": 1,
    "done": 12,
    "failed": 3,
    "last_work_at": AT,
}
MODELS: dict[str, Any] = {
    "state": "ready",
    "runtime": {"provider": "ollama", "version": "0.11.4", "place": "http://x", "hosted": False},
    "advice": "A larger one is better.",
    "models": [
        {
            "name": "tinyllama",
            "provider": "ollama",
            "capabilities": {"context_tokens": 2048, "json_schema": True},
            "digest": None,
            "size_bytes": 637_000_000,
            "parameters": "1.1B",
            "quantization": "Q4_0",
            "roles": ["default", "writer"],
            "line": {"parallel": 1, "busy": 1, "waiting": 3, "typical_s": 2.5, "yours": [2]},
        }
    ],
    "roles": {"default": "tinyllama", "coder": None},
    "used_last_day": [
        {
            "provider": "ollama",
            "model": "tinyllama",
            "calls": 4,
            "failed": 1,
            "prompt_tokens": 1234,
            "completion_tokens": 56,
            "seconds": 75.0,
            "cost": None,
        }
    ],
}
HEALTH: dict[str, Any] = {
    "ready": True,
    "profile": "embedded",
    "parts": [
        {"name": "database", "ok": True, "needed": True, "detail": "", "remedy": ""},
        {"name": "dashboard", "ok": True, "needed": False, "detail": "", "remedy": ""},
    ],
}
USER = {
    "id": str(OTHER),
    "email": "ann@example.org",
    "role": "admin",
    "tenant": str(TALK),
    "tenant_name": "home",
    "scopes": ["read", "write", "admin"],
    "must_change_password": False,
}
MEMBER = {
    "id": str(DOCUMENT),
    "email": "bob@example.org",
    "role": "member",
    "disabled": False,
    "one_time_password": False,
    "created_at": AT,
    "last_login_on": "2026-11-29",
}
KEY = {
    "id": str(OTHER),
    "name": "script",
    "prefix": "sk_AbCd",
    "scopes": ["read"],
    "user": str(OTHER),
    "email": "ann@example.org",
    "created_at": AT,
    "expires_at": None,
    "last_used_on": None,
}
TENANT = {"id": str(TALK), "name": "home", "role": "admin", "current": True, "created_at": AT}
AUDITED = {
    "seq": 7,
    "at": AT,
    "event": "login.failed",
    "actor": None,
    "subject": "ann@example.org",
    "address": "192.0.2.0/24",
    "details": {"tries": 2},
    "previous": "00",
    "hash": "01",
}
VERIFIED = {"ok": True, "entries": 7, "head": "01", "broken_at": None, "reason": None}
CONVERSATION = {
    "id": str(TALK),
    "title": "How long does a lease hold?",
    "collection": "default",
    "messages": 2,
    "busy": False,
    "created_at": AT,
    "updated_at": AT,
}


def run_answer(status: str, result: dict[str, Any] | None, workflow: str) -> dict[str, Any]:
    """Give a run without steps."""
    return {
        "id": str(RUN),
        "status": status,
        "workflow": workflow,
        "goal": "How long does a lease hold?",
        "collection": "default",
        "created_at": AT,
        "started_at": AT,
        "finished_at": AT if status in ("succeeded", "failed", "cancelled") else None,
        "result": result,
        "citations": [CITATION] if result else [],
        "error": None if result else "the writer gave up",
        "steps": [],
        "usage": {"model_calls": 2.0, "prompt_tokens": 1199.0, "agent_seconds": 1.5},
        "conversation": None,
        "context": None,
    }


def document_answer(name: str, status: str) -> dict[str, Any]:
    """Give a document."""
    return {
        "id": str(DOCUMENT),
        "name": name,
        "collection": "default",
        "version": 1,
        "status": status,
        "size": 1234,
        "sha256": "00",
        "media_type": "text/markdown",
        "title": None,
        "characters": len(TEXT),
        "chunks": 2,
        "error": None,
        "run": str(RUN),
        "created_at": AT,
        "indexed_at": AT,
    }


def message_answer(
    number: int,
    role: str,
    text: str,
    status: str | None = None,
    result: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Give a message of a conversation; an answer says what a run came to."""
    told = result or {}
    return {
        "id": str(UUID(int=number)),
        "number": number,
        "role": role,
        "text": told.get("answer", text),
        "run": str(RUN),
        "status": status,
        "kind": told.get("kind"),
        "grounded": told.get("grounded"),
        "confidence": told.get("confidence"),
        "citations": [CITATION] if result else [],
        "error": None if result or status != "failed" else "the writer gave up",
        "context": {
            "used": number - 1, "dropped": 0, "tokens": 9, "budget": 900, "counted_by": "estimate"
        },
        "created_at": AT,
    }  # fmt: skip


def problem(status: int, code: str, detail: str) -> JSONResponse:
    """Refuse as core does (RFC 9457)."""
    body = {"status": status, "code": code, "detail": detail, "request_id": "req-7", "errors": []}
    return JSONResponse(body, status, media_type="application/problem+json")


def too_often(retry_after_s: int) -> JSONResponse:
    """Refuse whoever asks too often."""
    answer = problem(429, "rate_limited", "One caller may send 1 a second.")
    answer.headers["Retry-After"] = str(retry_after_s)
    return answer
