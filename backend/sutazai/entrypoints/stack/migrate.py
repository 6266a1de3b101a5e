"""`sutazai stack migrate`."""

import asyncio

from loguru import logger

from sutazai.bootstrap.stack.migration import first_start, prepare_stack
from sutazai.settings import Settings
from sutazai.stack_settings import StackSettings


async def migrate(settings: Settings, stack: StackSettings, url: str, asked: asyncio.Event) -> None:
    """Prepare the database and end; a migration that has begun is not broken off."""
    urls = await asyncio.to_thread(prepare_stack, stack)
    await first_start(settings, urls, api_url=url)
    logger.info("The database is ready")
