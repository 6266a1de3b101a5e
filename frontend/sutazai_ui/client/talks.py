"""Conversations over core's API: listed, named, removed; what is said in them."""

from uuid import UUID

from sutazai_ui.client.calls import Caller, Listing, read
from sutazai_ui.client.shapes import Conversation, Message, Said
from sutazai_ui.client.trouble import content_of


class TalkCalls(Caller):
    """Calls about conversations."""

    def conversations(self, limit: int, cursor: str | None = None) -> Listing[Conversation]:
        """List conversations, those first in which something was said last."""
        return self.page(Conversation, "/conversations", limit=limit, cursor=cursor)

    def conversation(self, conversation: UUID) -> Conversation:
        """Read a conversation without its messages."""
        return self.read(Conversation, f"/conversations/{conversation}")

    def begin(self, collection: str) -> Conversation:
        """Begin a conversation about a collection."""
        answer = self.call("POST", "/conversations", json={"collection": collection})
        return read(Conversation, content_of(answer))

    def rename(self, conversation: UUID, title: str) -> Conversation:
        """Give a conversation another name."""
        path = f"/conversations/{conversation}"
        return read(Conversation, content_of(self.call("PATCH", path, json={"title": title})))

    def forget(self, conversation: UUID) -> None:
        """Remove a conversation with all that was said in it."""
        self.call("DELETE", f"/conversations/{conversation}")

    def messages(
        self, conversation: UUID, limit: int, cursor: str | None = None
    ) -> Listing[Message]:
        """List what was said, newest first."""
        path = f"/conversations/{conversation}/messages"
        return self.page(Message, path, limit=limit, cursor=cursor)

    def say(
        self, conversation: UUID, goal: str, collection: str, key: str, *, graph: bool = False
    ) -> Said:
        """Ask in a conversation, and the graph too; the same key asks no second time."""
        asked: dict[str, object] = {"goal": goal, "collection": collection}
        asked |= {"graph": True} if graph else {}
        answer = self.call(
            "POST",
            f"/conversations/{conversation}/messages",
            json=asked,
            headers={"Idempotency-Key": key},
        )
        return read(Said, content_of(answer))
