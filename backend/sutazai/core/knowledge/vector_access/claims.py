"""Claims on their way to agents that reach the vector store themselves."""

from sutazai.core.knowledge.vector_access.port import VectorAccess
from sutazai_contracts.tasks import Claim


def with_access(claim: Claim, access: VectorAccess) -> Claim:
    """Give the claim with a token for its collection, where it was granted one."""
    if claim.grant is None:
        return claim
    token = access.token(claim.grant, claim.timeout_s)
    return claim.model_copy(
        update={"grant": claim.grant.model_copy(update={"access_token": token})}
    )
