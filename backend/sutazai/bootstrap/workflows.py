"""Read the workflows that installed packages bring."""

from collections.abc import Mapping
from importlib.resources.abc import Traversable

from loguru import logger

from sutazai.core.runs.plan import read_workflow
from sutazai_contracts.errors import InvalidWorkflow
from sutazai_contracts.workflows import Workflow


def read_workflows(folders: Mapping[str, Traversable]) -> dict[str, Workflow]:
    """Read every `*.yaml` of the folders; one that can't run is left out and said so."""
    workflows: dict[str, Workflow] = {}
    for package, folder in folders.items():
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if not file.name.endswith(".yaml"):
                continue
            try:
                workflow = read_workflow(
                    file.read_text(encoding="utf-8"), source=f"{package}/{file.name}"
                )
                if workflow.name in workflows:
                    raise InvalidWorkflow(f"there is a workflow {workflow.name} already")
            except InvalidWorkflow as exc:
                logger.error("A workflow is left out: {}", exc.message)
            else:
                workflows[workflow.name] = workflow
    return workflows
