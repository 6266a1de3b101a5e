"""What models are told, kept in files beside the agents that tell them."""

from functools import cache
from importlib.resources import files


@cache
def prompt(agent: str, name: str) -> str:
    """Read a prompt of an agent: `prompts/<name>.md` in its folder."""
    place = files("sutazai_agents") / agent / "prompts" / f"{name}.md"
    return place.read_text("utf-8").strip()
