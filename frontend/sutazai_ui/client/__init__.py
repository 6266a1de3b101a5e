"""Core's API as the dashboard uses it: typed answers, errors in words."""

from sutazai_ui.client.calls import PATIENCE_S, Listing, exchange, open_http
from sutazai_ui.client.graph import GraphCalls
from sutazai_ui.client.graph_shapes import Entity, Group, Link, Source, Subgraph
from sutazai_ui.client.knowledge import KnowledgeCalls
from sutazai_ui.client.parts import PartCalls
from sutazai_ui.client.people import PeopleCalls
from sutazai_ui.client.runs import RunCalls
from sutazai_ui.client.shapes import (
    Access,
    Agent,
    AuditEntry,
    Collection,
    Context,
    Conversation,
    Document,
    Health,
    Hit,
    Invited,
    Key,
    Line,
    Member,
    Message,
    Model,
    ModelsState,
    NewKey,
    Part,
    Result,
    Run,
    Said,
    Step,
    Tenant,
    TextPart,
    User,
    Verified,
)
from sutazai_ui.client.talks import TalkCalls
from sutazai_ui.client.trouble import SignedOut, Trouble


class Api(TalkCalls, RunCalls, KnowledgeCalls, GraphCalls, PartCalls, PeopleCalls):
    """All of core's API that the dashboard uses, for one person."""


__all__ = [
    "PATIENCE_S",
    "Access",
    "Agent",
    "Api",
    "AuditEntry",
    "Collection",
    "Context",
    "Conversation",
    "Document",
    "Entity",
    "Group",
    "Health",
    "Hit",
    "Invited",
    "Key",
    "Line",
    "Link",
    "Listing",
    "Member",
    "Message",
    "Model",
    "ModelsState",
    "NewKey",
    "Part",
    "Result",
    "Run",
    "Said",
    "SignedOut",
    "Source",
    "Step",
    "Subgraph",
    "Tenant",
    "TextPart",
    "Trouble",
    "User",
    "Verified",
    "exchange",
    "open_http",
]
