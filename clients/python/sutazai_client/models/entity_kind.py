from enum import StrEnum


class EntityKind(StrEnum):
    DATE = "date"
    DOCUMENT = "document"
    MODULE = "module"
    NAME = "name"
    NUMBER = "number"
    SECTION = "section"
    SYMBOL = "symbol"
    TERM = "term"
    WEB_PAGE = "web_page"

    def __str__(self) -> str:
        return str(self.value)
