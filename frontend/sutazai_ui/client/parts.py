"""The platform's parts over core's API: agents, models, health, and the session."""

from sutazai_ui.client.calls import Caller, read
from sutazai_ui.client.shapes import Agent, Health, ModelsState
from sutazai_ui.client.trouble import Trouble, content_of, reaching, trouble_of


class PartCalls(Caller):
    """Calls about what works here."""

    def agents(self) -> list[Agent]:
        """List the agents."""
        return self.all(Agent, "/agents")

    def models(self) -> ModelsState:
        """Tell which models there are."""
        return self.read(ModelsState, "/models")

    def health(self) -> Health:
        """Ask whether each part is well; that one is not is an answer, too."""
        with reaching():
            answer = self.http.get("/health/ready")
        if not answer.is_success and answer.status_code != 503:
            raise trouble_of(answer)
        content = content_of(answer)
        if "parts" not in content:
            raise trouble_of(answer) if not answer.is_success else Trouble("It says nothing.")
        return read(Health, content)

    def end_session(self) -> None:
        """End the session that the token is of, everywhere."""
        self.call("DELETE", "/session")
