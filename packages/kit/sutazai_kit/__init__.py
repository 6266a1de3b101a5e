"""How to be an agent of SutazAI.

Everything an agent's author needs is here; runners, drivers and twins are imported by name from
their modules, so that importing this costs little.
"""

from sutazai_kit.agent import Agent
from sutazai_kit.context import AgentContext, AgentPorts
from sutazai_kit.outcomes import Refuse, Retry

__all__ = ["Agent", "AgentContext", "AgentPorts", "Refuse", "Retry"]
