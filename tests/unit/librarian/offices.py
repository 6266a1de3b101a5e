"""Documents of Word made by hand: sound ones, and ones that try to break what reads them."""

import io
import zipfile

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
STYLES = "".join(
    f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{called}"/>{more}</w:style>'
    for name, called, more in (
        ("Titel", "Title", ""),
        ("H1", "heading 1", ""),
        ("H2", "Heading 2", ""),
        ("Mine", "my own", '<w:basedOn w:val="H2"/>'),
        ("Level", "level", '<w:pPr><w:outlineLvl w:val="2"/></w:pPr>'),
        ("Ring", "ring", '<w:basedOn w:val="Ring"/>'),
        ("Dots", "List Bullet", '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>'),
    )
)
NUMBERING = (
    '<w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl>'
    '</w:abstractNum><w:abstractNum w:abstractNumId="8"><w:lvl w:ilvl="0"><w:start w:val="3"/>'
    '<w:numFmt w:val="decimal"/></w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="decimal"/></w:lvl>'
    '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>'
)
CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/'
    'core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{}</dc:title>'
    "</cp:coreProperties>"
)


def zipped(parts: dict[str, bytes | str], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Write a zip file."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", packing) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def part(root: str, content: str) -> str:
    """Write a part of a document."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<w:{root} xmlns:w="{W}" xmlns:mc="{MC}">{content}</w:{root}>'
    )


def p(text: str, style: str = "", properties: str = "") -> str:
    """Write a paragraph."""
    styled = f'<w:pStyle w:val="{style}"/>' if style else ""
    return (
        f"<w:p><w:pPr>{styled}{properties}</w:pPr>"
        f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
    )


def item(text: str, list_id: int, depth: int = 0) -> str:
    """Write a list item."""
    numbered = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{list_id}"/></w:numPr>'
    return p(text, properties=numbered)


def docx(body: str, *, title: str = "", footnotes: str = "", document: str = "") -> bytes:
    """Write a document with this body, or with this whole main part."""
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": "<Types/>",
        "word/styles.xml": part("styles", STYLES),
        "word/numbering.xml": part("numbering", NUMBERING),
        "docProps/core.xml": CORE.format(title),
        "word/document.xml": document or part("document", f"<w:body>{body}</w:body>"),
    }
    if footnotes:
        parts["word/footnotes.xml"] = part("footnotes", footnotes)
    return zipped(parts)


ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(
        f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">'.replace("&lol0;", "&lol;")
        for n in range(1, 10)
    )
    + ']><w:document xmlns:w="'
    + W
    + '"><w:body><w:p><w:r><w:t>&lol9;</w:t></w:r></w:p></w:body></w:document>'
)


def zip_bomb(mebibytes: int) -> bytes:
    """Write a document whose main part unpacks to so much."""
    text = "<w:p><w:r><w:t>" + "A" * 1000 + "</w:t></w:r></w:p>"
    times = mebibytes * 1024 * 1024 // len(text)
    target = io.BytesIO()
    head, _, tail = part("document", "<w:body>|</w:body>").partition("|")
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w") as main,
    ):
        main.write(head.encode())
        for _ in range(times // 1000):
            main.write(text.encode() * 1000)
        main.write(tail.encode())
    return target.getvalue()
