"""Write the reference from the code, so that it says what is: `make docs`; `--check` only compares.

Every setting, route, metric, agent and workflow stands in one of these pages, or a test fails.
"""

import json
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from pydantic import BaseModel

from sutazai.bootstrap.metrics import PlatformMetrics, Reading
from sutazai.bootstrap.workflows import read_workflows
from sutazai.entrypoints.api.app import openapi_document
from sutazai.entrypoints.api.metrics import HttpMetrics
from sutazai.settings import Settings
from sutazai.stack_settings import StackSettings
from sutazai_kit.discovery import find_agents, find_workflow_folders

HERE = Path(__file__).parent
SERVICES = HERE.parents[1] / "tests" / "stack" / "services.toml"
# Written of runs, not from the code: `make chaos`, `make bench-peers`; and one by hand, checked by
# tests/docs/test_security.py.
MEASURED = {"reliability.md", "benchmarks.md", "security.md"}
NOTE = "<!-- Written by generate.py from the code; change the code and run `make docs`. -->\n\n"


def pages() -> dict[str, str]:
    """Give every page by its file name."""
    document = openapi_document()
    return {
        "settings.md": _settings_page(),
        "api.md": _api_page(document),
        "openapi.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        "metrics.md": _metrics_page(),
        "agents.md": _agents_page(),
        "services.md": _services_page(),
    }


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def setting_rows() -> Iterator[tuple[str, str, str]]:
    """Give the environment variable, default and meaning of every setting of both profiles."""
    yield (
        "SUTAZAI_HOME",
        "`./.sutazai` if present, else `~/.local/share/sutazai`",
        "The folder that holds everything the installation keeps.",
    )
    yield from _rows_of(Settings)


def stack_rows() -> Iterator[tuple[str, str, str]]:
    """Give the same of the settings that only processes of the stack have."""
    yield from _rows_of(StackSettings)


def _rows_of(settings: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    prefix = str(settings.model_config.get("env_prefix", ""))
    for name, field in settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _rows_of(kind)
        elif name != "home":
            default = "unset" if field.default is None else f"`{field.default}`"
            yield f"{prefix}{name.upper()}", default, field.description or ""


def _settings_page() -> str:
    rows = [(f"`{variable}`", default, meaning) for variable, default, meaning in setting_rows()]
    intro = (
        "# Settings\n\nAll of them are environment variables, read once at the start. The command "
        "line's `--home` wins over `SUTAZAI_HOME`.\n\n"
    )
    stack = [(f"`{variable}`", default, meaning) for variable, default, meaning in stack_rows()]
    head = ("variable", "default", "what it sets")
    more = (
        "\n## Of the stack's processes\n\nThe compose files set them. Each may also be a file of "
        "`/run/secrets`, named as the variable is in lower case: passwords and tokens are.\n\n"
    )
    return NOTE + intro + _table(head, rows) + more + _table(head, stack)


def _api_page(document: dict[str, Any]) -> str:
    rows = [
        (
            f"`{method.upper()} {path}`",
            operation["summary"],
            ", ".join(sorted(operation["responses"])),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    intro = (
        "# API\n\nThe whole description is in [openapi.json](openapi.json), and at `/docs` of a "
        "running platform. All but `/health/*`, `/docs` and `/openapi.json` want an API key: "
        "`Authorization: Bearer sk_…`.\n\n"
    )
    return NOTE + intro + _table(("request", "what it does", "answers"), rows)


class _Still:
    """What the metrics read, while nothing runs."""

    sent = 0
    taken_back = 0
    watchers = 0

    def states(self) -> tuple[()]:
        return ()


def metrics() -> list[Metric]:
    """Give every metric family of the platform, with nothing measured yet."""
    platform = PlatformMetrics()
    still: Any = _Still()
    platform.watch(Reading(still, still, still))
    platform.models.watch(still)
    HttpMetrics(platform.registry)
    return sorted(_families(platform.registry), key=lambda family: family.name)


def _families(registry: CollectorRegistry) -> Iterator[Metric]:
    yield from registry.collect()


def _metrics_page() -> str:
    rows = [
        (f"`{family.name}`", family.type, family.documentation)
        for family in metrics()
        if family.name.startswith("sutazai_")
    ]
    intro = (
        "# Metrics\n\n`GET /metrics` gives them in Prometheus' text format, with the standard "
        "`process_*` metrics of the core process. Counters end in `_total` there.\n\n"
    )
    return NOTE + intro + _table(("metric", "type", "what it counts"), rows)


def _agents_page() -> str:
    cards = [agent.card for _, agent in sorted(find_agents().items())]
    agents = _table(
        ("agent", "what it does", "slots", "capabilities"),
        (
            (f"`{card.name}`", card.description, str(card.slots), ", ".join(card.capabilities))
            for card in cards
        ),
    )
    workflows = _table(
        ("workflow", "what it does", "steps", "started by"),
        (
            (
                f"`{workflow.name}`",
                workflow.description,
                " → ".join(f"{step.id} (`{step.agent}`)" for step in workflow.steps),
                "`POST /api/v1/runs`" if workflow.public else "the platform",
            )
            for _, workflow in sorted(read_workflows(find_workflow_folders()).items())
        ),
    )
    return NOTE + f"# Agents\n\n{agents}\n## Workflows\n\n{workflows}"


def _services_page() -> str:
    services: dict[str, dict[str, Any]] = tomllib.loads(SERVICES.read_text(encoding="utf-8"))
    rows = []
    for name, facts in sorted(services.items()):
        unwell = ", ".join(f"`{part}`" for part in facts.get("unwell", ())) or "—"
        test = f"`{facts.get('test', f'test_it_works[{name}]')}`: {facts['seen']}"
        rows.append((f"`{name}`", facts["does"], test, facts["without"], unwell))
    intro = (
        "# Services of the stack\n\nWhat each does for the product, the test in "
        "`tests/stack/test_services.py` that fails where it is stopped or idle, and what is left "
        "without it: `test_without_it` of the same file stops each in turn, sees just that, "
        "starts it again, and sees that all that was accepted is done. The last column names the "
        "parts that `/health/ready` then says are not well.\n\n"
    )
    head = ("service", "what it does", "its test", "what is left without it", "not well then")
    return NOTE + intro + _table(head, rows)


def main() -> int:
    """Write or compare the pages; gives the exit status."""
    stale = [
        name
        for name, text in pages().items()
        if not (HERE / name).exists() or (HERE / name).read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"docs/reference/{name} is not what the code says: run `make docs`")
        return 1 if stale else 0
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
