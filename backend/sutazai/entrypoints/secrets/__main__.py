"""Make the stack's secrets: ``python -m sutazai.entrypoints.secrets --into DIR --compose DIR``."""

import argparse
import sys
from importlib.metadata import entry_points
from pathlib import Path

from sutazai.entrypoints.secrets.making import make_secrets
from sutazai.settings import ApiSettings
from sutazai_contracts.errors import SutazaiError


def main(arguments: list[str] | None = None) -> int:
    """Make what is missing; give the exit status: 0 all is there, 1 it could not be made."""
    options = _parser().parse_args(arguments)
    try:
        make_secrets(
            options.into,
            agents=sorted({found.name for found in entry_points(group="sutazai.agents")}),
            compose=options.compose,
            upload_limit_mb=ApiSettings().upload_limit_mb,
        )
    except (SutazaiError, OSError) as error:
        print(f"secrets: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="secrets", description="Make the stack's secrets.")
    parser.add_argument("--into", type=Path, required=True, help="the stack's own folder")
    parser.add_argument("--compose", type=Path, required=True, help="the compose files")
    return parser


if __name__ == "__main__":
    sys.exit(main())
