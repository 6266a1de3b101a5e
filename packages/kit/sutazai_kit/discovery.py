"""Find the agents and workflows that installed packages bring, by their entry points.

A package of agents declares in its `pyproject.toml`:

    [project.entry-points."sutazai.agents"]
    greeter = "my_agents.greeter:greeter"      # an Agent; the name is the agent's own

    [project.entry-points."sutazai.workflows"]
    my_agents = "my_agents.workflows"          # a package that holds workflow files
"""

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable

from loguru import logger

from sutazai_kit.agent import Agent
from sutazai_kit.execution import PlugInFailed, plugged_in

AGENTS = "sutazai.agents"
WORKFLOWS = "sutazai.workflows"

Report = Callable[[str, str], None]


def log_broken(name: str, why: str) -> None:
    """Write a plug-in that does not load into the log."""
    logger.error("the plug-in {} is left out: {}", name, why)


def find_agents(
    points: Iterable[EntryPoint] | None = None, *, report: Report = log_broken
) -> dict[str, Agent]:
    """Load every agent there is, by name; one that does not load does not stop the others.

    Args:
        points: the entry points to load; by default those of the group `sutazai.agents`.
        report: hears the name of a broken entry point, and why it is left out.
    """
    agents: dict[str, Agent] = {}
    for point in _in_order(AGENTS, points):
        try:
            with plugged_in():
                agent = _agent(point)
            if agent.name in agents:
                raise PlugInFailed(f"there is an agent {agent.name} already")
        except PlugInFailed as error:
            report(point.name, f"{point.value}: {error}")
        else:
            agents[agent.name] = agent
    return agents


def find_workflow_folders(
    points: Iterable[EntryPoint] | None = None, *, report: Report = log_broken
) -> dict[str, Traversable]:
    """Give the folder of every package of workflows, by the name of its entry point.

    Args:
        points: the entry points to look at; by default those of the group `sutazai.workflows`.
        report: hears the name of a broken entry point, and why it is left out.
    """
    folders: dict[str, Traversable] = {}
    for point in _in_order(WORKFLOWS, points):
        try:
            with plugged_in():
                folders[point.name] = files(point.module)
        except PlugInFailed as error:
            report(point.name, f"{point.value}: {error}")
    return folders


def _in_order(group: str, points: Iterable[EntryPoint] | None) -> list[EntryPoint]:
    """Give entry points in an order that does not hang on how they were installed."""
    found = entry_points(group=group) if points is None else points
    return sorted(found, key=lambda point: (point.name, point.value))


def _agent(point: EntryPoint) -> Agent:
    """Load an agent that is complete."""
    agent = point.load()
    if not isinstance(agent, Agent):
        raise TypeError(f"it is a {type(agent).__name__}, not an Agent")
    _ = agent.card  # says so where there is no handler
    return agent
