"""Start the embedder: ``python -m sutazai.entrypoints.embedder --socket PATH --models DIR``."""

import argparse
import sys
from pathlib import Path

from sutazai.entrypoints.embedder.server import serve
from sutazai_contracts.errors import SutazaiError


def main(arguments: list[str] | None = None) -> int:
    """Run the embedder; give the exit status: 0 stopped, 2 a wrong argument, 1 could not start."""
    options = _parser().parse_args(arguments)
    address = options.socket or options.listen
    try:
        serve(address, options.models, parent_fd=options.parent_fd, threads=options.threads)
    except SutazaiError as error:
        print(f"embedder: {error.message}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="embedder", description="Serve all-MiniLM-L6-v2.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket", type=Path, help="path of the Unix socket to listen on")
    where.add_argument("--listen", metavar="HOST:PORT", help="address to listen on instead")
    parser.add_argument("--models", type=Path, required=True, help="folder of the model's graph")
    parser.add_argument("--parent-fd", type=int, help="pipe whose end of file ends this process")
    parser.add_argument("--threads", type=_positive, default=1, help="threads of one inference")
    return parser


def _positive(value: str) -> int:
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
