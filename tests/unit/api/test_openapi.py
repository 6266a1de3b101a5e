"""The OpenAPI document: complete, and of the API that runs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sutazai.entrypoints.api.app import openapi_document
from sutazai.entrypoints.api.routes.auth import PasswordLogin, RefreshToken
from sutazai.entrypoints.api.routes.conversations import NewConversation, NewMessage, NewTitle
from sutazai.entrypoints.api.routes.keys import NewKeyBody
from sutazai.entrypoints.api.routes.sessions import NewPassword, OtherTenant, SessionSecret
from sutazai.entrypoints.api.routes.tenants import NewTenantBody
from sutazai.entrypoints.api.routes.users import NewUserBody, UserChange
from sutazai.entrypoints.api.shapes import NewCollection, NewRunBody, Problem, Question

OPERATIONS = {
    "export_tenant": "GET /api/v1/export",
    "import_tenant": "POST /api/v1/import",
    "create_collection": "POST /api/v1/collections",
    "list_collections": "GET /api/v1/collections",
    "get_collection": "GET /api/v1/collections/{name}",
    "delete_collection": "DELETE /api/v1/collections/{name}",
    "rebuild_collection": "POST /api/v1/collections/{name}/rebuild",
    "upload_document": "POST /api/v1/collections/{name}/documents",
    "list_documents": "GET /api/v1/collections/{name}/documents",
    "get_document": "GET /api/v1/collections/{name}/documents/{document}",
    "delete_document": "DELETE /api/v1/collections/{name}/documents/{document}",
    "get_text": "GET /api/v1/collections/{name}/documents/{document}/text",
    "search": "POST /api/v1/search",
    "start_run": "POST /api/v1/runs",
    "list_runs": "GET /api/v1/runs",
    "get_run": "GET /api/v1/runs/{run}",
    "cancel_run": "POST /api/v1/runs/{run}/cancel",
    "retry_run": "POST /api/v1/runs/{run}/retry",
    "watch_run": "GET /api/v1/runs/{run}/events",
    "create_conversation": "POST /api/v1/conversations",
    "list_conversations": "GET /api/v1/conversations",
    "get_conversation": "GET /api/v1/conversations/{conversation}",
    "rename_conversation": "PATCH /api/v1/conversations/{conversation}",
    "delete_conversation": "DELETE /api/v1/conversations/{conversation}",
    "list_messages": "GET /api/v1/conversations/{conversation}/messages",
    "post_message": "POST /api/v1/conversations/{conversation}/messages",
    "find_entities": "GET /api/v1/graph/entities",
    "get_answer_graph": "GET /api/v1/graph/answers/{run}",
    "get_neighbours": "GET /api/v1/graph/neighbours",
    "get_path": "GET /api/v1/graph/path",
    "get_projection": "GET /api/v1/graph/projection",
    "list_sources": "GET /api/v1/graph/sources",
    "rebuild_graph": "POST /api/v1/graph/rebuild",
    "list_communities": "GET /api/v1/graph/communities",
    "list_agents": "GET /api/v1/agents",
    "read_liveness": "GET /health/live",
    "read_readiness": "GET /health/ready",
    "read_metrics": "GET /metrics",
    "read_models": "GET /api/v1/models",
    "create_token": "POST /api/v1/session/token",
    "read_session": "GET /api/v1/session",
    "end_session": "DELETE /api/v1/session",
    "end_sessions": "DELETE /api/v1/sessions",
    "switch_tenant": "POST /api/v1/session/tenant",
    "change_password": "POST /api/v1/password",
    "log_in": "POST /api/v1/auth/token",
    "refresh_tokens": "POST /api/v1/auth/refresh",
    "log_out": "POST /api/v1/auth/logout",
    "list_users": "GET /api/v1/users",
    "create_user": "POST /api/v1/users",
    "get_user": "GET /api/v1/users/{user}",
    "change_user": "PATCH /api/v1/users/{user}",
    "reset_password": "POST /api/v1/users/{user}/password",
    "remove_user": "DELETE /api/v1/users/{user}",
    "list_keys": "GET /api/v1/keys",
    "create_key": "POST /api/v1/keys",
    "revoke_key": "DELETE /api/v1/keys/{key}",
    "list_tenants": "GET /api/v1/tenants",
    "create_tenant": "POST /api/v1/tenants",
    "read_audit": "GET /api/v1/audit",
    "verify_audit": "GET /api/v1/audit/verification",
}
OPEN = {"read_liveness", "read_readiness"}
# What they take is shown in their body.
EXCHANGES = {"create_token", "log_in", "refresh_tokens", "log_out"}

BODIES = (
    *(NewCollection, NewRunBody, Question, SessionSecret, OtherTenant, NewPassword),
    *(PasswordLogin, RefreshToken, NewUserBody, UserChange, NewKeyBody, NewTenantBody),
    *(NewConversation, NewTitle, NewMessage),
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Read the document of the application, which needs no platform for it."""
    return openapi_document()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_operations_have_stable_names(document: dict[str, Any]) -> None:
    """Clients are generated from these: a name that changes breaks them."""
    found = [(op["operationId"], f"{method} {path}") for method, path, op in operations(document)]
    assert len(found) == len(dict(found))
    assert dict(found) == OPERATIONS


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    for _, _, operation in operations(document):
        assert operation["summary"]
        assert operation["description"]
        assert len(operation["tags"]) == 1
        assert set(operation["tags"]) <= tags
        for response in operation["responses"].values():
            assert response["description"] not in {"", "Successful Response"}


def test_every_operation_but_health_asks_for_a_key(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        name = operation["operationId"]
        assert ("security" in operation) == (name not in OPEN | EXCHANGES)
        assert ("401" in operation["responses"]) == (name not in OPEN)


def test_errors_are_problem_documents_with_an_example(document: dict[str, Any]) -> None:
    seen = 0
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) < 400 or operation["operationId"] == "read_readiness":
                continue
            (media_type,) = response["content"]
            assert media_type == "application/problem+json"
            example = Problem.model_validate(response["content"][media_type]["example"])
            assert example.status == int(status)
            seen += 1
    assert seen > 50


def test_paths_with_a_name_may_find_nothing(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        if "{" in path:
            assert "404" in operation["responses"]


def test_bodies_have_valid_examples(document: dict[str, Any]) -> None:
    models = {model.__name__: model for model in BODIES}
    for method, _, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
            schema = document["components"]["schemas"][name]
            assert schema["examples"]
            assert schema["additionalProperties"] is False
            for example in schema["examples"]:
                # As it comes, so that what JSON has no type for is read as it is there.
                models[name].model_validate_json(json.dumps(example))
        if content:
            assert method in ("POST", "PATCH")
            assert "413" in operation["responses"]


def test_what_is_made_is_located(document: dict[str, Any]) -> None:
    located = {
        operation["operationId"]
        for _, _, operation in operations(document)
        for response in operation["responses"].values()
        if "Location" in response.get("headers", {})
    }
    made = {"create_collection", "upload_document", "start_run", "rebuild_collection"}
    made |= {"create_user", "create_key", "create_conversation", "post_message", "retry_run"}
    assert located == made


def test_query_parameters_are_bounded(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "limit":
                schema = parameter["schema"]
                assert (schema["minimum"], schema["maximum"], schema["default"]) == (1, 200, 50)
