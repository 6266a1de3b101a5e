"""`sutazai stack embedder`."""

import sys
from pathlib import Path

from sutazai.entrypoints.embedder.server import serve
from sutazai.settings import ModelSettings
from sutazai.stack_settings import StackSettings
from sutazai_contracts.errors import SutazaiError


def embedder(stack: StackSettings, models: Path) -> int:
    """Serve the model until SIGTERM; gives the exit status."""
    token = stack.embedder.token
    try:
        serve(
            f"0.0.0.0:{stack.embedder.port}",
            models,
            parent_fd=None,
            threads=ModelSettings().embedder_threads,
            token=None if token is None else token.get_secret_value(),
        )
    except SutazaiError as exc:
        print(f"sutazai embedder: {exc.message}", file=sys.stderr)  # noqa: T201
        return 1
    return 0
