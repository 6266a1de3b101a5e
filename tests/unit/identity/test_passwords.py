"""Which passwords people may choose."""

from unicodedata import normalize

import pytest
from argon2 import PasswordHasher

from sutazai.core.identity.guessed import WORDS, is_common
from sutazai.core.identity.passwords import (
    LONGEST,
    SHORTEST,
    Passwords,
    check_new,
    make_password,
)
from sutazai_contracts.errors import InvalidInput

EMAIL = "ada.lovelace@analytical.example"


@pytest.mark.parametrize(
    "password",
    [
        "x1y2z3a4b5c6",
        "nothing but letters",
        "739184620571",
        "пароль из многих слов",
        "🐎🔋📎🖇️ and a staple",
        "  spaces around it  ",
        "SHOUTED OUT ALOUD",
        "l0ng and 'odd' \"ones\" \\ %s {x} <b>",
        pytest.param("a" * 500 + "bcd" * 100, id="long"),
        pytest.param(make_password(), id="made by us"),
    ],
)
def test_any_kind_of_characters_will_do(password: str) -> None:
    check_new(password, EMAIL, "password")


def test_length_is_what_is_asked_for() -> None:
    assert SHORTEST >= 8
    assert LONGEST >= 64
    lengths = {SHORTEST - 1: False, SHORTEST: True, 64: True, LONGEST: True, LONGEST + 1: False}
    for length, taken in lengths.items():
        password = ("the grey horse ate my hat " * 50)[:length]
        if taken:
            check_new(password, EMAIL, "password")
        else:
            with pytest.raises(InvalidInput, match="characters"):
                check_new(password, EMAIL, "password")


@pytest.mark.parametrize(
    "password",
    [
        *("123qweasdzxc", "1qaz2wsx3edc", "1Qaz2Wsx3Edc", "qwertyqwerty", "unbelievable"),
        *("motherfucker", "123456789qwe", "1qaz2wsx3edc4rfv", "finalfantasy"),
    ],
)
def test_what_thefts_showed_is_refused(password: str) -> None:
    assert is_common(password)
    with pytest.raises(InvalidInput, match="thefts"):
        check_new(password, EMAIL, "password")


def test_nobody_else_s_password_is_taken_for_a_stolen_one() -> None:
    assert not any(is_common(make_password()) for _ in range(2_000))
    assert not is_common("")
    assert not is_common("\udc80 is no text")


@pytest.mark.parametrize(
    "password",
    [
        *("sutazai-admin", "SutazAI2026!!", "Administrator1", "passwordpassword", "ada-lovelace1"),
        *("analytical123", "Lovelace@Ada1", "tinyllama-2026", "dashboardlogin"),
    ],
)
def test_words_of_the_house_are_no_password(password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_new(password, EMAIL, "new_password")
    assert refused.value.field == "new_password"


def test_words_of_the_house_may_stand_in_a_sentence() -> None:
    for word in WORDS:
        check_new(f"my {word} rides horses", EMAIL, "password")


def test_an_address_of_short_parts_forbids_nothing() -> None:
    check_new("abracadabra ab", "a.b@c.de", "password")


async def test_a_password_is_checked_as_it_was_typed() -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    typed = "  Åse's horse 🐎" + "x" * 200
    hashed = await passwords.hash(typed)
    assert await passwords.check(typed, hashed)
    for other in (typed.strip(), typed.lower(), typed[:-1], normalize("NFD", typed)):
        assert not await passwords.check(other, hashed), other


def test_an_address_may_hold_any_characters() -> None:
    for email in ("ada(*[x@example.org", "a\\d+{2}$@example.org", "(?P<x@example.org"):
        check_new("the grey horse ate my hat", email, "password")
    with pytest.raises(InvalidInput, match="little more"):
        check_new("ada(*[x ada(*[x", "ada(*[x@example.org", "password")
