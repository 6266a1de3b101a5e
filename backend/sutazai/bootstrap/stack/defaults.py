"""Every tenant's collection `default`, made as soon as what it needs answers."""

import asyncio

from loguru import logger

from sutazai.core.identity.service import Identity
from sutazai.core.knowledge.service import Knowledge
from sutazai_contracts.errors import Unavailable

DEFAULT = "default"
AGAIN_S = 2.0
LOOK_EVERY_S = 30.0


async def keep_default_collections(identity: Identity, knowledge: Knowledge) -> None:
    """See to it until cancelled, for tenants that come later too."""
    while True:
        try:
            for tenant in await identity.tenants():
                await knowledge.ensure_collection(tenant, DEFAULT)
        except Unavailable as exc:
            logger.info("The default collections wait: {}", exc)
            await asyncio.sleep(AGAIN_S)
        else:
            await asyncio.sleep(LOOK_EVERY_S)
