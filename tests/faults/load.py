"""Work for the platform: questions, effects and documents, sent as a careful client sends them."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Literal
from uuid import UUID

import httpx2

from tests.faults.checker import Submitted

ANSWERED = {200, 202}
# The platform is stopping, or asked too much; or a gateway does not find it.
AGAIN = {429, 502, 503, 504}
DOCUMENTS = "/api/v1/collections/default/documents"
# So many requests at once; between two tries of one that got no answer, seconds.
AT_ONCE = 8
PAUSE_S = 0.05

_PARTS = ("the feed pump", "the heat exchanger", "the relief valve", "the gearbox", "the filter")
_ACTS = ("is opened", "is inspected", "is cleaned by hand", "is filled up", "is measured")
_SIGNS = ("the pressure falls", "a leak shows", "the bearing runs hot", "the alarm sounds")
_ENDS = (
    "The finding is written into the log of the shift.",
    "Two people sign for it.",
    "Spare parts lie in the store beside the workshop.",
    "The line stays closed until the foreman has seen it.",
)


Kind = Literal["answer", "effects", "upload"]
_KINDS: tuple[Kind, ...] = ("answer", "effects", "upload")


@dataclass(frozen=True)
class Piece:
    """One thing to submit: a run by its idempotency key, or a document by its name.

    An answer is asked for in a conversation of its own.
    """

    kind: Kind
    name: str
    body: str


@dataclass
class Load:
    """What was and will be submitted; `submitted` holds what the platform answered."""

    random: Random
    submitted: Submitted = field(default_factory=Submitted)
    sent: list[Piece] = field(default_factory=list)
    repeated: int = 0
    conversations: dict[str, str] = field(default_factory=dict)
    # Not the length of `sent`, which shrinks: a name is given once.
    made: int = 0

    def pieces(self, answers: int, effects: int, uploads: int) -> list[Piece]:
        """Make so many new pieces, in a random order."""
        numbers = zip(_KINDS, (answers, effects, uploads), strict=True)
        kinds = [kind for kind, number in numbers for _ in range(number)]
        self.random.shuffle(kinds)
        made = [self._piece(kind, number) for number, kind in enumerate(kinds, self.made)]
        self.made += len(made)
        self.sent.extend(made)
        return made

    async def submit(self, client: httpx2.AsyncClient, pieces: Iterable[Piece]) -> None:
        """Submit pieces, each again and again until it is answered."""
        room = asyncio.Semaphore(AT_ONCE)

        async def one(piece: Piece) -> None:
            async with room:
                run = await self.post(client, piece)
            self._keep(piece, run)

        async with asyncio.TaskGroup() as group:
            for piece in pieces:
                group.create_task(one(piece))

    async def post(self, client: httpx2.AsyncClient, piece: Piece) -> UUID:
        """Send a piece until it is answered, and give its run."""
        while True:
            try:
                answer = await self._send(client, piece)
            except httpx2.TransportError:
                # The platform is away, or went before it answered: it may have taken the piece in.
                self.repeated += 1
                await asyncio.sleep(PAUSE_S)
                continue
            if answer.status_code in AGAIN:
                await asyncio.sleep(PAUSE_S)
                continue
            assert answer.status_code in ANSWERED, answer.text
            body = answer.json()
            if piece.kind == "upload":
                return UUID(body["document"]["run"])
            return UUID((body["run"] if piece.kind == "answer" else body)["id"])

    async def _send(self, client: httpx2.AsyncClient, piece: Piece) -> httpx2.Response:
        if piece.kind == "upload":
            return await client.post(
                DOCUMENTS,
                files={"file": (piece.name, piece.body.encode(), "application/octet-stream")},
            )
        key = {"Idempotency-Key": piece.name}
        if piece.kind == "answer":
            place = f"/api/v1/conversations/{await self._conversation(client, piece.name)}/messages"
            return await client.post(place, json={"goal": piece.body}, headers=key)
        asked = {"goal": piece.body, "workflow": piece.kind}
        return await client.post("/api/v1/runs", json=asked, headers=key)

    async def _conversation(self, client: httpx2.AsyncClient, name: str) -> str:
        """Give the conversation of a piece; where the answer that made one is lost, another."""
        while name not in self.conversations:
            made = await self._answer(client, "POST", "/api/v1/conversations", {})
            assert made.status_code == 201, made.text
            self.conversations[name] = made.json()["id"]
        return self.conversations[name]

    async def scrap(self, client: httpx2.AsyncClient, names: Iterable[str]) -> None:
        """Remove documents that were uploaded, each again and again until it is gone."""
        listed = await self._answer(client, "GET", f"{DOCUMENTS}?limit=200")
        ids = {document["name"]: document["id"] for document in listed.json()["items"]}
        for name in names:
            self.submitted.scraps[name] = self.submitted.uploads.pop(name)
            self.sent = [piece for piece in self.sent if piece.name != name]
            gone = await self._answer(client, "DELETE", f"{DOCUMENTS}/{ids[name]}")
            # Not found where an earlier try removed it, whose answer was lost.
            assert gone.status_code in {204, 404}, gone.text

    async def _answer(
        self, client: httpx2.AsyncClient, method: str, path: str, body: object = None
    ) -> httpx2.Response:
        while True:
            with suppress(httpx2.TransportError):
                answer = await client.request(method, path, json=body)
                if answer.status_code not in AGAIN:
                    return answer
            self.repeated += 1
            await asyncio.sleep(PAUSE_S)

    def _keep(self, piece: Piece, run: UUID) -> None:
        if piece.kind == "upload":
            self.submitted.uploads[piece.name] = run
            return
        self.submitted.runs[piece.name] = run
        if piece.kind == "effects":
            self.submitted.effects.add(run)

    def _piece(self, kind: Kind, number: int) -> Piece:
        if kind == "upload":
            return Piece(kind, f"plant-{number}.md", self.document(number))
        if kind == "answer":
            part, sign = self.random.choice(_PARTS), self.random.choice(_SIGNS)
            return Piece(kind, f"question-{number}", f"What is done with {part} when {sign}?")
        return Piece(kind, f"effects-{number}", f"Effects number {number}")

    def document(self, number: int) -> str:
        """Write a handbook of 2 to 20 KB, most of them short, none like another."""
        size = 2_000 + int(18_000 * self.random.random() ** 12)
        text = f"# Handbook of plant {number}\n"
        while len(text) < size:
            section = self.random.randint(1, 9_999)
            text += f"\n## Unit {section} of plant {number}\n\n{self._paragraph(number)}\n"
        return text

    def _paragraph(self, number: int) -> str:
        choose = self.random.choice
        return " ".join(
            f"When {choose(_SIGNS)} in plant {number}, {choose(_PARTS)} {choose(_ACTS)} within "
            f"{self.random.randint(2, 90)} minutes. {choose(_ENDS)}"
            for _ in range(self.random.randint(2, 5))
        )
