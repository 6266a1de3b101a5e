"""PDFs made by hand: sound ones, and ones that try to break what reads them."""

import zlib
from collections.abc import Sequence


def pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """Write objects, numbered from 1, as a file; the first is the catalogue."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    xref = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % xref)


def stream(data: bytes, extra: bytes = b"") -> bytes:
    """Write a stream object."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), extra, data)


def shown(*lines: str) -> bytes:
    """Write the content of a page that shows these lines."""
    text = b" T* ".join(
        b"(%s) Tj" % line.encode("cp1252").replace(b"(", b"\\(").replace(b")", b"\\)")
        for line in lines
    )
    return b"BT /F1 12 Tf 14 TL 72 700 Td %s ET" % text


FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def page(content: int, parent: int = 2, font: int = 3) -> bytes:
    """Write a page object."""
    return (
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
        b"/Resources << /Font << /F1 %d 0 R >> >> >>" % (parent, content, font)
    )


def pages(*texts: Sequence[str], outline: Sequence[tuple[str, int]] = (), title: str = "") -> bytes:
    """Write a PDF with a page for each sequence of lines, and an outline of titles and pages."""
    count = len(texts)
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(count))
    first = 4 + 2 * count
    catalogue = b"<< /Type /Catalog /Pages 2 0 R %s >>" % (
        b"/Outlines %d 0 R" % first if outline else b""
    )
    objects = [catalogue, b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, kids), FONT]
    for number, lines in enumerate(texts):
        objects += [page(5 + 2 * number), stream(shown(*lines))]
    if outline:
        objects += _outline(outline, first)
    info = b""
    if title:
        objects.append(b"<< /Title (%s) >>" % title.encode())
        info = b"/Info %d 0 R" % len(objects)
    return pdf(objects, info)


def _outline(outline: Sequence[tuple[str, int]], first: int) -> list[bytes]:
    """Write an outline; each `>` before a title puts it one level down."""
    depths = [0, *(1 + len(name) - len(name.lstrip(">")) for name, _ in outline)]
    parents = [0] + [
        max(j for j in range(i) if depths[j] < depths[i]) for i in range(1, len(depths))
    ]
    objects = []
    for i, depth in enumerate(depths):
        below = [j for j in range(1, len(depths)) if parents[j] == i]
        after = [j for j in range(i + 1, len(depths)) if depth and parents[j] == parents[i]]
        links = b"/Parent %d 0 R " % (first + parents[i]) if i else b"/Type /Outlines "
        if below:
            links += b"/First %d 0 R /Last %d 0 R " % (first + below[0], first + below[-1])
        if after:
            links += b"/Next %d 0 R " % (first + after[0])
        if i:
            name, at = outline[i - 1]
            links += b"/Title (%s) /Dest [%d 0 R /Fit]" % (name.lstrip(">").encode(), 4 + 2 * at)
        objects.append(b"<< %s >>" % links)
    return objects


def encrypted() -> bytes:
    """Write a PDF that opens with a password only (standard handler, 40 bits)."""
    sound = pages(["secret"])
    objects = sound.split(b"xref\n")[0]
    handler = b"<< /Filter /Standard /V 1 /R 2 /P -44 /O <%s> /U <%s> >>" % (b"ab" * 32, b"cd" * 32)
    return (
        objects
        + b"6 0 obj\n%s\nendobj\n" % handler
        + b"trailer\n<< /Size 7 /Root 1 0 R /Encrypt 6 0 R /ID [<00><00>] >>\n%%EOF\n"
    )


def of_images() -> bytes:
    """Write a PDF whose only page is an image."""
    image = stream(
        bytes(64), b"/Type /XObject /Subtype /Image /Width 8 /Height 8 /BitsPerComponent 8 "
        b"/ColorSpace /DeviceGray",
    )  # fmt: skip
    leaf = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R "
        b"/Resources << /XObject << /I 3 0 R >> >> >>"
    )
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
            image,
            leaf,
            stream(b"q 500 0 0 500 50 50 cm /I Do Q"),
        ]
    )


def stream_bomb(mebibytes: int) -> bytes:
    """Write a PDF whose page unpacks to so much, through two filters."""
    packer = zlib.compressobj(9)
    part = b"(A) Tj " * 150_000
    packed = b"".join(packer.compress(part) for _ in range(mebibytes)) + packer.flush()
    packed = zlib.compress(packed, 9)
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
            FONT,
            page(5),
            stream(packed, b"/Filter [/FlateDecode /FlateDecode]"),
        ]
    )


def repeated_pages(count: int) -> bytes:
    """Write a PDF that shows one page again and again."""
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, b"4 0 R " * count),
            FONT,
            page(5),
            stream(shown("the same again")),
        ]
    )


def claimed_pages(count: int) -> bytes:
    """Write a PDF that says it has so many pages and has one."""
    return pages(["one"]).replace(b"/Count 1 ", b"/Count %d " % count)


def deep_tree(depth: int) -> bytes:
    """Write a PDF whose page lies so deep in the tree of pages."""
    objects = [b"<< /Type /Catalog /Pages 4 0 R >>", stream(shown("deep")), FONT]
    for number in range(depth):
        objects.append(b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % (5 + number))
    objects.append(page(2, parent=3 + depth))
    return pdf(objects)


def ring_of_pages() -> bytes:
    """Write a PDF whose tree of pages holds itself."""
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 3 /Kids [2 0 R 4 0 R 2 0 R] >>",
            FONT,
            page(5),
            stream(shown("round and round")),
        ]
    )


def ring_of_bookmarks() -> bytes:
    """Write a PDF whose outline goes round."""
    sound = pages(["one"], ["two"], outline=[("one", 0), ("two", 1)])
    return sound.replace(b"/Dest [6 0 R /Fit]", b"/Dest [6 0 R /Fit] /Next 9 0 R")


def nested_forms(depth: int) -> bytes:
    """Write a PDF whose page draws a form twice, which draws another twice, and so on."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
        FONT,
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R "
        b"/Resources << /XObject << /X 6 0 R >> >> >>",
        stream(b"/X Do /X Do"),
    ]
    for number in range(depth):
        form = b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] "
        form += b"/Resources << /Font << /F1 3 0 R >> "
        if number + 1 < depth:
            form += b"/XObject << /X %d 0 R >> >>" % (7 + number)
            objects.append(stream(b"/X Do " * 2, form))
        else:
            objects.append(stream(shown("leaf"), form + b">>"))
    return pdf(objects)
