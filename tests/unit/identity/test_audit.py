"""The chain of the audit log: every part of an entry is in its hash, and so is all before it."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from sutazai.core.identity.audit import (
    START,
    Addresses,
    Chained,
    Entry,
    Event,
    chain,
    shown_address,
    verify,
)

TENANT, ACTOR = UUID(int=1), UUID(int=2)
AT = datetime(2026, 11, 30, 9, 5, 0, 1200, tzinfo=UTC)
ENTRY = Entry(AT, Event.KEY_MADE, ACTOR, "é", "192.0.2.0/24", {"scopes": ["read"], "days": None})


def written(count: int) -> list[Chained]:
    entries: list[Chained] = []
    previous = START
    for seq in range(1, count + 1):
        entry = replace(ENTRY, subject=str(seq))
        made = chain(TENANT, seq, entry, previous)
        entries.append(Chained(TENANT, seq, entry, previous, made))
        previous = made
    return entries


def test_the_hash_is_of_the_one_before_and_the_canonical_json() -> None:
    text = (
        '{"actor":"00000000-0000-0000-0000-000000000002","address":"192.0.2.0/24",'
        '"at":"2026-11-30T09:05:00.001200+00:00","details":{"days":null,"scopes":["read"]},'
        '"event":"key.made","seq":7,"subject":"é","tenant":"00000000-0000-0000-0000-000000000001"}'
    )
    expected = hashlib.sha256(b"\x07" * 32 + text.encode()).digest()
    assert chain(TENANT, 7, ENTRY, b"\x07" * 32) == expected
    # The same moment is the same, wherever it is said.
    elsewhere = replace(ENTRY, at=AT.astimezone(timezone(timedelta(hours=5))))
    assert chain(TENANT, 7, elsewhere, b"\x07" * 32) == expected


@pytest.mark.parametrize(
    "other",
    [
        replace(ENTRY, at=AT + timedelta(microseconds=1)),
        replace(ENTRY, event=Event.KEY_REVOKED),
        replace(ENTRY, actor=None),
        replace(ENTRY, subject=None),
        replace(ENTRY, address=None),
        replace(ENTRY, details={"scopes": ["read", "write"], "days": None}),
        replace(ENTRY, details={}),
    ],
)
def test_every_part_of_an_entry_is_in_its_hash(other: Entry) -> None:
    assert chain(TENANT, 1, other, START) != chain(TENANT, 1, ENTRY, START)


def test_whose_and_which_it_is_are_in_its_hash_too() -> None:
    hashes = {
        chain(TENANT, 1, ENTRY, START),
        chain(TENANT, 2, ENTRY, START),
        chain(ACTOR, 1, ENTRY, START),
        chain(TENANT, 1, ENTRY, b"\x01" * 32),
    }
    assert len(hashes) == 4


def test_a_whole_chain_holds_and_any_hole_in_it_does_not() -> None:
    entries = written(6)
    verdict = verify(TENANT, entries)
    assert (verdict.ok, verdict.entries, verdict.head) == (True, 6, entries[-1].hash)
    assert verify(TENANT, []).ok
    for missing in range(5):
        verdict = verify(TENANT, entries[:missing] + entries[missing + 1 :])
        assert (verdict.ok, verdict.entries, verdict.broken_at) == (False, missing, missing + 2)
    for first in range(5):
        swapped = entries[:]
        swapped[first], swapped[first + 1] = swapped[first + 1], swapped[first]
        assert verify(TENANT, swapped).broken_at == first + 2
    # What is cut off at the end leaves a chain: whoever noted its head sees it is not the same.
    cut = verify(TENANT, entries[:4])
    assert (cut.ok, cut.head) == (True, entries[3].hash)


@pytest.mark.parametrize(
    ("address", "kept", "shown"),
    [
        ("192.0.2.77", "coarse", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "coarse", "2001:db8:1::/48"),
        ("fe80::1%eth0", "coarse", "fe80::/48"),
        ("192.0.2.77", "full", "192.0.2.77"),
        ("192.0.2.77", "none", None),
        ("", "full", None),
        ("testclient", "full", None),
    ],
)
def test_as_much_of_an_address_is_kept_as_is_set(
    address: str, kept: Addresses, shown: str | None
) -> None:
    assert shown_address(address, kept) == shown
