"""What a claim's token says, and that claims carry it."""

from uuid import uuid4

import jwt
import pytest

from sutazai.adapters.vector_access.qdrant import QdrantTokens
from sutazai.core.knowledge.vector_access.claims import with_access
from sutazai_contracts.knowledge import CollectionGrant, EmbeddingModel
from sutazai_contracts.tasks import Claim

KEY = "a key of thirty-two bytes or more"
NOW = 1_800_000_000.25
MODEL = EmbeddingModel(name="any", revision="1", dimension=8, max_tokens=256)


def claim(grant: CollectionGrant | None, timeout_s: float = 90.0) -> Claim:
    """Make a claim."""
    return Claim(
        task=uuid4(),
        run=uuid4(),
        tenant=uuid4(),
        step="work",
        agent="librarian",
        attempt=1,
        token=uuid4(),
        lease_s=10,
        timeout_s=timeout_s,
        input={},
        grant=grant,
    )


@pytest.mark.parametrize(("access", "mode"), [("read", "r"), ("write", "prw")])
def test_a_claim_carries_a_token_for_its_collection_and_its_time(access: str, mode: str) -> None:
    grant = CollectionGrant.model_validate(
        {"collection": uuid4(), "physical": uuid4(), "access": access, "model": MODEL}
    )
    given = with_access(claim(grant), QdrantTokens(KEY, clock=lambda: NOW)).grant
    assert given is not None
    assert given.access_token is not None
    said = jwt.decode(given.access_token, KEY, algorithms=["HS256"], options={"verify_exp": False})
    assert said["access"] == [{"collection": str(grant.physical), "access": mode}]
    assert NOW + 90 <= said["exp"] <= NOW + 90 + 60
    assert set(said) == {"access", "exp"}
    assert given.model_copy(update={"access_token": None}) == grant


def test_a_claim_without_a_grant_is_left_as_it_is() -> None:
    plain = claim(None)
    assert with_access(plain, QdrantTokens(KEY)) is plain


def test_neither_key_nor_token_is_printed() -> None:
    grant = CollectionGrant(collection=uuid4(), physical=uuid4(), access="read", model=MODEL)
    tokens = QdrantTokens(KEY)
    carried = with_access(claim(grant), tokens)
    assert carried.grant is not None
    assert carried.grant.access_token is not None
    assert carried.grant.access_token not in repr(carried)
    assert KEY not in repr(tokens)
