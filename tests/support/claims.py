"""Claims of tasks that no ledger holds, for what only reads them."""

from typing import Any
from uuid import uuid4

from sutazai_contracts.tasks import Claim


def a_claim(**fields: Any) -> Claim:
    """Make a claim of the writer's, new in all that is not given."""
    told: dict[str, Any] = {"task": uuid4(), "run": uuid4(), "tenant": uuid4(), "token": uuid4()}
    told |= {"step": "write", "agent": "writer", "attempt": 1, "lease_s": 30, "timeout_s": 60}
    return Claim.model_validate(told | {"input": {}} | fields)
