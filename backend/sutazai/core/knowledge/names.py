"""Names that a person gives: of collections, and of files."""

import re
import unicodedata

from sutazai_contracts.errors import InvalidInput

_COLLECTION = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
LONGEST_FILE_NAME = 255
# Controls, lone surrogates, line and paragraph separators: they break lists, logs and terminals.
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}


def check_collection_name(name: str) -> None:
    """Refuse a name that no collection may have.

    Raises:
        InvalidInput: says what a name may be.
    """
    if not _COLLECTION.fullmatch(name):
        raise InvalidInput(
            "a collection's name has 1 to 63 characters: lower-case letters a to z, digits, "
            "hyphens and underscores, the first a letter or a digit",
            field="name",
        )


def check_file_name(name: str) -> None:
    """Refuse a name that is none, or that could pass for a path.

    Raises:
        InvalidInput: says what is wrong with it.
    """
    wrong = _wrong_with(name)
    if wrong is not None:
        raise InvalidInput(f"the file's name {wrong}", field="file")


def _wrong_with(name: str) -> str | None:
    if not name:
        return "is missing"
    if len(name) > LONGEST_FILE_NAME:
        return f"has {len(name)} characters and may have {LONGEST_FILE_NAME}"
    if name in {".", ".."} or "/" in name or "\\" in name:
        return "is a path; give a plain name without / and \\"
    if any(unicodedata.category(character) in _UNPRINTABLE for character in name):
        return "holds control characters"
    if name != name.strip():
        return "begins or ends with white space"
    return None
