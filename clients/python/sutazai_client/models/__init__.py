"""Contains all the data models used in inputs/outputs"""

from .access_shape import AccessShape
from .agent_shape import AgentShape
from .agent_shape_status import AgentShapeStatus
from .capabilities import Capabilities
from .citation import Citation
from .collection_shape import CollectionShape
from .communities import Communities
from .community_shape import CommunityShape
from .context_use import ContextUse
from .conversation_shape import ConversationShape
from .document_ref import DocumentRef
from .document_shape import DocumentShape
from .embedding_model import EmbeddingModel
from .entities import Entities
from .entity_kind import EntityKind
from .entity_shape import EntityShape
from .entry_shape import EntryShape
from .event import Event
from .field_error import FieldError
from .hit_shape import HitShape
from .hits import Hits
from .import_shape import ImportShape
from .import_shape_objects import ImportShapeObjects
from .indexing_status import IndexingStatus
from .key_shape import KeyShape
from .line_shape import LineShape
from .link_shape import LinkShape
from .listing_agent_shape import ListingAgentShape
from .listing_collection_shape import ListingCollectionShape
from .listing_conversation_shape import ListingConversationShape
from .listing_document_shape import ListingDocumentShape
from .listing_entry_shape import ListingEntryShape
from .listing_key_shape import ListingKeyShape
from .listing_member_shape import ListingMemberShape
from .listing_message_shape import ListingMessageShape
from .listing_run_summary import ListingRunSummary
from .listing_tenant_shape import ListingTenantShape
from .made_key_shape import MadeKeyShape
from .made_user_shape import MadeUserShape
from .member_shape import MemberShape
from .message_shape import MessageShape
from .message_shape_kind_type_0 import MessageShapeKindType0
from .message_shape_role import MessageShapeRole
from .model_shape import ModelShape
from .model_shape_provider import ModelShapeProvider
from .models_shape import ModelsShape
from .models_shape_roles import ModelsShapeRoles
from .models_shape_state import ModelsShapeState
from .new_collection import NewCollection
from .new_conversation import NewConversation
from .new_key_body import NewKeyBody
from .new_message import NewMessage
from .new_password import NewPassword
from .new_run_body import NewRunBody
from .new_tenant_body import NewTenantBody
from .new_title import NewTitle
from .new_user_body import NewUserBody
from .other_tenant import OtherTenant
from .part_shape import PartShape
from .password_login import PasswordLogin
from .path_shape import PathShape
from .posted_shape import PostedShape
from .problem import Problem
from .projection_shape import ProjectionShape
from .question import Question
from .read_liveness_response_read_liveness import ReadLivenessResponseReadLiveness
from .readiness import Readiness
from .refresh_token import RefreshToken
from .relation_kind import RelationKind
from .role import Role
from .run_shape import RunShape
from .run_shape_result_type_0 import RunShapeResultType0
from .run_shape_usage import RunShapeUsage
from .run_status import RunStatus
from .run_summary import RunSummary
from .run_summary_result_type_0 import RunSummaryResultType0
from .runtime_shape import RuntimeShape
from .runtime_shape_provider import RuntimeShapeProvider
from .scope import Scope
from .session_secret import SessionSecret
from .source_shape import SourceShape
from .sources import Sources
from .step_shape import StepShape
from .step_shape_input_type_0 import StepShapeInputType0
from .step_shape_output_type_0 import StepShapeOutputType0
from .step_shape_status import StepShapeStatus
from .step_shape_usage import StepShapeUsage
from .subgraph_shape import SubgraphShape
from .tenant_shape import TenantShape
from .text_shape import TextShape
from .upload_document_body import UploadDocumentBody
from .upload_shape import UploadShape
from .use_shape import UseShape
from .user_change import UserChange
from .user_shape import UserShape
from .verdict_shape import VerdictShape

__all__ = (
    "AccessShape",
    "AgentShape",
    "AgentShapeStatus",
    "Capabilities",
    "Citation",
    "CollectionShape",
    "Communities",
    "CommunityShape",
    "ContextUse",
    "ConversationShape",
    "DocumentRef",
    "DocumentShape",
    "EmbeddingModel",
    "Entities",
    "EntityKind",
    "EntityShape",
    "EntryShape",
    "Event",
    "FieldError",
    "Hits",
    "HitShape",
    "ImportShape",
    "ImportShapeObjects",
    "IndexingStatus",
    "KeyShape",
    "LineShape",
    "LinkShape",
    "ListingAgentShape",
    "ListingCollectionShape",
    "ListingConversationShape",
    "ListingDocumentShape",
    "ListingEntryShape",
    "ListingKeyShape",
    "ListingMemberShape",
    "ListingMessageShape",
    "ListingRunSummary",
    "ListingTenantShape",
    "MadeKeyShape",
    "MadeUserShape",
    "MemberShape",
    "MessageShape",
    "MessageShapeKindType0",
    "MessageShapeRole",
    "ModelShape",
    "ModelShapeProvider",
    "ModelsShape",
    "ModelsShapeRoles",
    "ModelsShapeState",
    "NewCollection",
    "NewConversation",
    "NewKeyBody",
    "NewMessage",
    "NewPassword",
    "NewRunBody",
    "NewTenantBody",
    "NewTitle",
    "NewUserBody",
    "OtherTenant",
    "PartShape",
    "PasswordLogin",
    "PathShape",
    "PostedShape",
    "Problem",
    "ProjectionShape",
    "Question",
    "Readiness",
    "ReadLivenessResponseReadLiveness",
    "RefreshToken",
    "RelationKind",
    "Role",
    "RunShape",
    "RunShapeResultType0",
    "RunShapeUsage",
    "RunStatus",
    "RunSummary",
    "RunSummaryResultType0",
    "RuntimeShape",
    "RuntimeShapeProvider",
    "Scope",
    "SessionSecret",
    "Sources",
    "SourceShape",
    "StepShape",
    "StepShapeInputType0",
    "StepShapeOutputType0",
    "StepShapeStatus",
    "StepShapeUsage",
    "SubgraphShape",
    "TenantShape",
    "TextShape",
    "UploadDocumentBody",
    "UploadShape",
    "UserChange",
    "UserShape",
    "UseShape",
    "VerdictShape",
)
