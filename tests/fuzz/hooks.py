"""What schemathesis does not know of itself: how an archive is sent, and what it must not end."""

import os
from typing import Any
from uuid import uuid4

import schemathesis

schemathesis.serializer.alias("application/x-tar", "application/octet-stream")

# The key and the person that all calls are made by: without them there are refusals alone to see.
OWN = frozenset(os.environ.get("FUZZ_OWN", "").split(","))


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
) -> None:
    """Let no call change or remove the caller's own key or person: another is named, of nobody."""
    if case.method.upper() == "GET":
        return
    for name, value in case.path_parameters.items():
        if str(value).lower() in OWN:
            case.path_parameters[name] = str(uuid4())
