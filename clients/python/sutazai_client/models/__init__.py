"""Contains all the data models used in inputs/outputs"""

from .access_shape import AccessShape
from .agent_shape import AgentShape
from .agent_shape_status import AgentShapeStatus
from .capabilities import Capabilities
from .citation import Citation
from .collection_shape import CollectionShape
from .document_ref import DocumentRef
from .document_shape import DocumentShape
from .embedding_model import EmbeddingModel
from .field_error import FieldError
from .hit_shape import HitShape
from .hits import Hits
from .import_shape import ImportShape
from .import_shape_objects import ImportShapeObjects
from .indexing_status import IndexingStatus
from .line_shape import LineShape
from .listing_agent_shape import ListingAgentShape
from .listing_collection_shape import ListingCollectionShape
from .listing_document_shape import ListingDocumentShape
from .listing_run_summary import ListingRunSummary
from .model_shape import ModelShape
from .model_shape_provider import ModelShapeProvider
from .models_shape import ModelsShape
from .models_shape_roles import ModelsShapeRoles
from .models_shape_state import ModelsShapeState
from .new_collection import NewCollection
from .new_run_body import NewRunBody
from .part_shape import PartShape
from .problem import Problem
from .question import Question
from .read_liveness_response_read_liveness import ReadLivenessResponseReadLiveness
from .readiness import Readiness
from .run_shape import RunShape
from .run_shape_result_type_0 import RunShapeResultType0
from .run_shape_usage import RunShapeUsage
from .run_status import RunStatus
from .run_summary import RunSummary
from .run_summary_result_type_0 import RunSummaryResultType0
from .runtime_shape import RuntimeShape
from .runtime_shape_provider import RuntimeShapeProvider
from .session_secret import SessionSecret
from .step_shape import StepShape
from .step_shape_output_type_0 import StepShapeOutputType0
from .step_shape_status import StepShapeStatus
from .step_shape_usage import StepShapeUsage
from .text_shape import TextShape
from .upload_document_body import UploadDocumentBody
from .upload_shape import UploadShape
from .use_shape import UseShape
from .user_shape import UserShape

__all__ = (
    "AccessShape",
    "AgentShape",
    "AgentShapeStatus",
    "Capabilities",
    "Citation",
    "CollectionShape",
    "DocumentRef",
    "DocumentShape",
    "EmbeddingModel",
    "FieldError",
    "Hits",
    "HitShape",
    "ImportShape",
    "ImportShapeObjects",
    "IndexingStatus",
    "LineShape",
    "ListingAgentShape",
    "ListingCollectionShape",
    "ListingDocumentShape",
    "ListingRunSummary",
    "ModelShape",
    "ModelShapeProvider",
    "ModelsShape",
    "ModelsShapeRoles",
    "ModelsShapeState",
    "NewCollection",
    "NewRunBody",
    "PartShape",
    "Problem",
    "Question",
    "Readiness",
    "ReadLivenessResponseReadLiveness",
    "RunShape",
    "RunShapeResultType0",
    "RunShapeUsage",
    "RunStatus",
    "RunSummary",
    "RunSummaryResultType0",
    "RuntimeShape",
    "RuntimeShapeProvider",
    "SessionSecret",
    "StepShape",
    "StepShapeOutputType0",
    "StepShapeStatus",
    "StepShapeUsage",
    "TextShape",
    "UploadDocumentBody",
    "UploadShape",
    "UserShape",
    "UseShape",
)
