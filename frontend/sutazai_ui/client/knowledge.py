"""Knowledge over core's API: collections, documents, their text, search."""

from urllib.parse import quote
from uuid import UUID

import httpx2

from sutazai_ui.client.calls import CONNECT_S, Caller, Listing, read
from sutazai_ui.client.shapes import Collection, Document, Hit, TextPart
from sutazai_ui.client.trouble import content_of

UPLOAD_S = 120.0


class KnowledgeCalls(Caller):
    """Calls about collections and documents."""

    def collections(self) -> list[Collection]:
        """List the collections."""
        return self.all(Collection, "/collections")

    def make_collection(self, name: str) -> Collection:
        """Make an empty collection."""
        return read(Collection, content_of(self.call("POST", "/collections", json={"name": name})))

    def remove_collection(self, name: str) -> None:
        """Remove a collection with its documents."""
        self.call("DELETE", _path(name))

    def documents(
        self, collection: str, limit: int, cursor: str | None = None
    ) -> Listing[Document]:
        """List documents of a collection, by name."""
        return self.page(Document, f"{_path(collection)}/documents", limit=limit, cursor=cursor)

    def document(self, collection: str, document: UUID) -> Document:
        """Read how far a document is."""
        return self.read(Document, f"{_path(collection)}/documents/{document}")

    def upload(self, collection: str, name: str, content: bytes) -> Document:
        """Hand over a file; gives the document it became."""
        answer = self.call(
            "POST",
            f"{_path(collection)}/documents",
            files={"file": (name, content, "application/octet-stream")},
            timeout=httpx2.Timeout(UPLOAD_S, connect=CONNECT_S),
        )
        return read(Document, content_of(answer).get("document"))

    def remove_document(self, collection: str, document: UUID) -> None:
        """Remove a document."""
        self.call("DELETE", f"{_path(collection)}/documents/{document}")

    def text(self, collection: str, document: UUID, start: int, end: int) -> TextPart:
        """Read a part of a document's text, in code points."""
        path = f"{_path(collection)}/documents/{document}/text"
        return self.read(TextPart, path, start=start, end=end)

    def search(self, query: str, collection: str, limit: int) -> list[Hit]:
        """Find passages, best first."""
        body = {"query": query, "collection": collection, "limit": limit}
        hits = content_of(self.call("POST", "/search", json=body)).get("hits", ())
        return [read(Hit, hit) for hit in hits]


def _path(collection: str) -> str:
    return f"/collections/{quote(collection, safe='')}"
