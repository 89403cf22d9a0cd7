"""The bytes of a CSV file as UTF-8 bytes with plain line ends, or a refusal (policies.md R-V1)."""

from __future__ import annotations

import codecs

from rostersync.errors import ImportRefused

LINE_LIMIT = 1 << 20
"""Bytes of a line, and of a record that spans lines."""

BOM = codecs.BOM_UTF8

_CHUNK = 1 << 22
_PART = 1 << 22  # bytes of which polars is given a copy: memory used again costs a tenth of fresh memory
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"<": "HTML or XML",
    b"{": "JSON",
    b"[": "JSON",
}


def refusal(name: str, line: int, what: str, advice: str) -> ImportRefused:
    """The refusal of a whole delivery because of one place in one file."""
    return ImportRefused(f"{name} line {line}: {what}. Nothing was changed. {advice}")


def decoded(raw: bytes, encoding: str, name: str) -> tuple[bytes, bool]:
    """`raw` as UTF-8 without a byte order mark, and whether it had to be read as windows-1252.

    `encoding` is "utf-8", "windows-1252" or "auto": UTF-8 if it is that, else windows-1252, unless most of its letters
    beyond ASCII are UTF-8: one wrong byte would spoil them all.

    Raises:
        ImportRefused: it is neither, or no text at all.
    """
    _refuse_foreign(raw, name)
    if raw.startswith(BOM):
        raw, encoding = raw[len(BOM) :], "utf-8"
    if encoding != "windows-1252":
        position = _first_byte_not_utf8(raw)
        if position is None:
            return raw, False
        if encoding == "utf-8" or _is_mostly_utf8(raw):
            line = raw.count(b"\n", 0, position) + 1
            advice = "Export it as UTF-8, or set source.encoding if it is windows-1252."
            raise refusal(name, line, f"byte {position + 1} is not UTF-8", advice)
    try:
        return raw.decode("cp1252").encode(), encoding == "auto"
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise refusal(
            name, line, f"byte {error.start + 1} is neither UTF-8 nor windows-1252", "Export it as UTF-8."
        ) from None


def _is_mostly_utf8(raw: bytes) -> bool:
    """Whether more letters beyond ASCII are whole in UTF-8 than there are bytes that are not."""
    sound = raw.decode("utf-8", errors="ignore")
    letters = len(sound) - len(sound.encode("ascii", errors="ignore"))
    wrong = len(raw) - len(sound.encode())
    return letters > wrong


def without_cut_letter(raw: bytes) -> bytes:
    """`raw` without a letter of UTF-8 that the end of the file cuts in two, where the letters before it are UTF-8.

    Read as windows-1252 instead, every other letter of the file would be another one.
    """
    for size in range(1, min(4, len(raw) + 1)):
        lead = raw[-size]
        if 0x80 <= lead < 0xC0:  # a later byte of a letter
            continue
        wanted = 2 if 0xC2 <= lead < 0xE0 else 3 if 0xE0 <= lead < 0xF0 else 4 if 0xF0 <= lead < 0xF5 else 0
        if size >= wanted:
            return raw
        rest = raw[:-size]
        return rest if not rest.isascii() and _first_byte_not_utf8(rest) is None else raw
    return raw


def with_plain_line_ends(data: bytes) -> bytes:
    """`data` with every CRLF and lone CR as LF."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def long_line(data: bytes) -> int | None:
    """Number of the first line above LINE_LIMIT, if any: one look back per mebibyte, nothing is split."""
    start = 0
    while len(data) - start > LINE_LIMIT:
        end = data.rfind(b"\n", start, start + LINE_LIMIT + 1)
        if end < 0:
            return data.count(b"\n", 0, start) + 1
        start = end + 1
    return None


def _refuse_foreign(raw: bytes, name: str) -> None:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise refusal(name, 1, "the file is UTF-16", "Export it as UTF-8.")
    start = raw[:512].removeprefix(BOM).lstrip()
    for magic, what in _FOREIGN.items():
        if start.startswith(magic):
            raise refusal(name, 1, f"this is {what}, not CSV", "Export it as CSV in UTF-8.")
    position = raw.find(b"\0")
    if position >= 0:
        line = raw.count(b"\n", 0, position) + 1
        raise refusal(name, line, "a NUL byte: the file is binary or UTF-16", "Export it as CSV in UTF-8.")


def _first_byte_not_utf8(raw: bytes) -> int | None:
    """Its position, found in steps so that no second copy of a large file is made."""
    if raw.isascii() or _is_utf8(raw):
        return None
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    view = memoryview(raw)
    for start in range(0, len(raw), _CHUNK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(view[start : start + _CHUNK], final=start + _CHUNK >= len(raw))
        except UnicodeDecodeError as error:
            return start - pending + error.start
    return None


def _is_utf8(raw: bytes) -> bool:
    """Far quicker than Python's decoder, and it leaves the other threads alone; it does not say where.

    In parts that end with a line: no letter is cut in two.
    """
    import polars as pl

    start = 0
    while start < len(raw):
        end = raw.rfind(b"\n", start, start + _PART) + 1 if len(raw) - start > _PART else len(raw)
        if end <= start:
            return False  # a line as long as that is refused; the other decoder says where
        try:
            pl.Series([raw[start:end]], dtype=pl.Binary).cast(pl.String)
        except pl.exceptions.PolarsError:
            return False
        start = end
    return True
