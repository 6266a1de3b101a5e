"""The one tree of errors of SutazAI.

Each class says its wire code, its HTTP status and a default message. Drivers' errors are mapped
to these at the adapter, ``from exc``. An API answers them as RFC 9457 problem documents.

    SutazaiError                    500 internal_error
    ├── InvalidInput                422 invalid_input        names the field
    │   ├── InvalidWorkflow         422 invalid_workflow
    │   ├── UnreadableDocument      422 unreadable_document
    │   └── ContextTooSmall         422 context_too_small    a prompt that may not be cut further
    ├── Unauthenticated             401 unauthenticated
    ├── Forbidden                   403 forbidden
    │   └── PasswordChangeDue       403 password_change_due  a one-time password opens nothing else
    ├── EgressRefused               403 egress_refused       a hosted provider, not switched on
    ├── NotFound                    404 not_found
    │   └── ModelNotFound           404 model_not_found
    ├── Conflict                    409 conflict
    │   ├── AlreadyExists           409 already_exists
    │   ├── IdempotencyMismatch     409 idempotency_mismatch
    │   ├── ModelMismatch           409 model_mismatch       a collection embedded by another model
    │   ├── QuotaReached            409 quota_reached        as many as may be are there
    │   ├── ConversationBusy        409 conversation_busy    its last question is being worked on
    │   ├── RunNotRetriable         409 run_not_retriable    it goes on, or succeeded, or can't be
    │   └── InstanceRunning         409 instance_running     in bootstrap: the home is held
    ├── TooLarge                    413 too_large
    ├── RateLimited                 429 rate_limited         tells when to come again
    ├── LineFull                    429 line_full            tells when to come again
    ├── LeaseLost                   409 lease_lost           another claim holds the token now
    ├── InvalidModelOutput          502 invalid_model_output
    └── Unavailable                 503 unavailable          try again later
        ├── DatabaseUnavailable     503 database_unavailable
        ├── BusUnavailable          503 bus_unavailable
        │   └── QueueFull           503 queue_full
        ├── VectorsUnavailable      503 vectors_unavailable
        │   └── VectorsRefused      503 vectors_refused      its key or token does not allow this
        ├── GraphUnavailable        503 graph_unavailable
        ├── EmbedderUnavailable     503 embedder_unavailable
        ├── FilesUnavailable        503 files_unavailable
        └── ModelUnavailable        503 model_unavailable
"""

from typing import ClassVar


class SutazaiError(Exception):
    """Something went wrong inside SutazAI; see the log entry with this request id."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(self, message: str | None = None, *, field: str | None = None) -> None:
        """Take what happened, in words for a person, and the input field it is about."""
        self.message = message or (type(self).__doc__ or "").strip()
        self.field = field
        super().__init__(self.message)


class InvalidInput(SutazaiError):
    """The input is not valid."""

    code = "invalid_input"
    status = 422


class InvalidWorkflow(InvalidInput):
    """The workflow can't be run as it is written."""

    code = "invalid_workflow"


class UnreadableDocument(InvalidInput):
    """The document holds nothing that can be read as text."""

    code = "unreadable_document"


class ContextTooSmall(InvalidInput):
    """The question does not fit into the model's context."""

    code = "context_too_small"


class Unauthenticated(SutazaiError):
    """A valid API key is needed: send it as `Authorization: Bearer <key>`."""

    code = "unauthenticated"
    status = 401


class Forbidden(SutazaiError):
    """This token is not good for that."""

    code = "forbidden"
    status = 403


class PasswordChangeDue(Forbidden):
    """A one-time password is good for choosing another one, and for nothing else."""

    code = "password_change_due"


class EgressRefused(SutazaiError):
    """Hosted models are switched off here: nothing leaves this machine."""

    code = "egress_refused"
    status = 403


class NotFound(SutazaiError):
    """There is no such thing here."""

    code = "not_found"
    status = 404


class ModelNotFound(NotFound):
    """The runtime has no model of that name."""

    code = "model_not_found"


class Conflict(SutazaiError):
    """The request does not fit the present state."""

    code = "conflict"
    status = 409


class AlreadyExists(Conflict):
    """A thing of that name exists already."""

    code = "already_exists"


class IdempotencyMismatch(Conflict):
    """This Idempotency-Key was used before with another request body."""

    code = "idempotency_mismatch"


class ModelMismatch(Conflict):
    """The collection was embedded by another model; index it again to use this one."""

    code = "model_mismatch"


class QuotaReached(Conflict):
    """There are as many of these as this installation allows; remove one first."""

    code = "quota_reached"


class ConversationBusy(Conflict):
    """The question before this one is still being worked on: wait for its answer, or cancel it."""

    code = "conversation_busy"


class RunNotRetriable(Conflict):
    """Nothing of this run can be worked again."""

    code = "run_not_retriable"


class TooLarge(SutazaiError):
    """The request is larger than this installation takes."""

    code = "too_large"
    status = 413


class RateLimited(SutazaiError):
    """Too many requests in a short time; come again later."""

    code = "rate_limited"
    status = 429

    def __init__(
        self, message: str | None = None, *, field: str | None = None, retry_after_s: float = 1.0
    ) -> None:
        """Take what `SutazaiError` takes, and the seconds after which to come again."""
        super().__init__(message, field=field)
        self.retry_after_s = retry_after_s


class LineFull(SutazaiError):
    """Too many calls wait for this model; come again later."""

    code = "line_full"
    status = 429

    def __init__(
        self, message: str | None = None, *, field: str | None = None, retry_after_s: float = 1.0
    ) -> None:
        """Take what `SutazaiError` takes, and the seconds after which to come again."""
        super().__init__(message, field=field)
        self.retry_after_s = retry_after_s


class LeaseLost(SutazaiError):
    """The task is no longer held by this claim."""

    code = "lease_lost"
    status = 409


class InvalidModelOutput(SutazaiError):
    """The model's answer does not have the form it was asked for."""

    code = "invalid_model_output"
    status = 502


class Unavailable(SutazaiError):
    """A part this needs does not answer now; try again later."""

    code = "unavailable"
    status = 503


class DatabaseUnavailable(Unavailable):
    """The database does not answer now; try again later."""

    code = "database_unavailable"


class BusUnavailable(Unavailable):
    """The message bus does not answer now; try again later."""

    code = "bus_unavailable"


class QueueFull(BusUnavailable):
    """The queue is full and takes no more messages now."""

    code = "queue_full"


class VectorsUnavailable(Unavailable):
    """The vector store does not answer now; try again later."""

    code = "vectors_unavailable"


class GraphUnavailable(Unavailable):
    """The graph does not answer now; try again later."""

    code = "graph_unavailable"


class VectorsRefused(VectorsUnavailable):
    """The vector store does not let this key or token do that."""

    code = "vectors_refused"


class EmbedderUnavailable(Unavailable):
    """The embedder does not answer now; try again later."""

    code = "embedder_unavailable"


class FilesUnavailable(Unavailable):
    """The file store does not answer now; try again later."""

    code = "files_unavailable"


class ModelUnavailable(Unavailable):
    """The model runtime does not answer now; try again later."""

    code = "model_unavailable"
