"""What the dashboard is told at its start: the arguments after `--` of `streamlit run`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Where core is.

    api_url: where this process reaches core.
    login_url: where the browser finds core's login.
    upload_limit_mb: largest file, in MiB; core's own limit.
    answer_s: seconds an answer of core may take.
    """

    api_url: str
    login_url: str
    upload_limit_mb: int
    answer_s: float


def read_settings(arguments: Sequence[str]) -> Settings:
    """Read the arguments; what is not known ends the program with words."""
    parser = argparse.ArgumentParser(prog="sutazai_ui")
    parser.add_argument("--api-url", default="http://127.0.0.1:10010")
    parser.add_argument("--login-url", default="http://127.0.0.1:10010/login")
    parser.add_argument("--upload-limit-mb", type=int, default=32)
    parser.add_argument("--answer-s", type=float, default=20.0)
    return Settings(**vars(parser.parse_args(arguments)))
