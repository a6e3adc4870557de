"""From a stream of bytes that can be read once to text of a known encoding.

The encoding of a file is known only at its end: a megabyte of ASCII may be followed by a single ü in Latin-1. So the
stream is written to a temporary file once, and checked on the way: the first pass settles the encoding for the whole
file, the second parses. Rejecting such rows instead, or switching encoding halfway, would each lose or garble rows of
perfectly ordinary ERP exports. Memory stays flat; the disk needed is the file's size.
"""

import codecs
import contextlib
import io
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import IO

from wecelebrate.feeds.containers import KEPT_IN_MEMORY, Readable, room
from wecelebrate.feeds.items import UnreadableFeed

CHUNK = 1 << 20
SAMPLE = 64 << 10
TELLING = 16 << 10

# Longest first: the mark of UTF-32-LE begins with that of UTF-16-LE.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# What exports are found in, in order of preference where the bytes fit several equally well.
LEGACY = (
    "cp1252", "cp1250", "cp1251", "cp1254", "cp1253", "cp1257", "cp932", "gb18030", "big5", "cp949", "euc_jp",
    "koi8_r", "cp850", "mac_roman",
)  # fmt: skip

# Letters of Western code pages that hardly occur in them, but are common Turkish letters in cp1254.
RARELY_WESTERN = frozenset("ýþðÝÞÐ")


class _Reader(io.TextIOWrapper):
    """Leaves the file open when it goes: the next reader starts over."""

    def close(self) -> None:
        with contextlib.suppress(ValueError):  # detached before
            self.detach()


@dataclass(slots=True)
class Text:
    """A whole file on disk with its encoding."""

    file: IO[bytes]
    encoding: str
    damaged: bool
    """Some bytes are no text in this encoding: they read as U+FFFD."""
    has_nul: bool

    def open(self) -> io.TextIOWrapper:
        """The text from its start, line ends as they are. One reader at a time: they share the file's position."""
        self.file.seek(0)
        return _Reader(self.file, self.encoding, errors="replace", newline="")


def spool(head: bytes, stream: Readable, encoding: str | None) -> Text:
    """Write the stream, of which `head` has been read already, to a temporary file and settle its encoding.

    `encoding` overrides the detection. Raises UnreadableFeed for an empty file, an encoding that does not exist, or a
    disk that is too small.
    """
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115  (outlives this call)
    try:
        return _spool(head, stream, file, encoding)
    except BaseException:
        file.close()
        raise


def _spool(head: bytes, stream: Readable, file: IO[bytes], encoding: str | None) -> Text:
    if not head:
        raise UnreadableFeed("the file is empty")
    has_nul = False
    utf8 = _Check("utf-8")
    chunk = head
    with room():
        while chunk:
            has_nul = has_nul or b"\0" in chunk
            utf8.feed(chunk)
            file.write(chunk)
            chunk = stream.read(CHUNK)
    utf8.end()
    if encoding:
        return _as_told(file, encoding, has_nul)
    if found := _marked(head) or (_without_mark(head) if has_nul else None):
        return _checked(file, found, has_nul)
    # A few damaged bytes among much proper UTF-8: only their rows are bad. Otherwise it never was UTF-8.
    if utf8.bad == 0 or utf8.good > 20 * utf8.bad:
        return Text(file, "utf-8", utf8.bad > 0, has_nul)
    return _checked(file, _legacy(_telling_lines(file)), has_nul)


class _Check:
    """Counts, over chunks, the non-ASCII characters that an encoding reads and the sequences that it cannot."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self.good = 0
        self.bad = 0
        self.nul = False

    def feed(self, chunk: bytes, final: bool = False) -> None:
        text = self._decoder.decode(chunk, final)
        self.nul = self.nul or "\0" in text
        if text.isascii():
            return
        bad = text.count("\ufffd")
        self.bad += bad
        # Counting stops mattering long before a file's end: the question is one bad among twenty.
        if self.good < 1_000_000:
            self.good += len(re.findall(r"[^\x00-\x7f\ufffd]", text))

    def end(self) -> None:
        self.feed(b"", final=True)


def _as_told(file: IO[bytes], encoding: str, has_nul: bool) -> Text:
    try:
        known = codecs.lookup(encoding)
        io.TextIOWrapper(io.BytesIO(b""), encoding).read()
    except (LookupError, TypeError, ValueError) as error:
        raise UnreadableFeed(f'the sync settings name an encoding of text that does not exist: "{encoding}"') from error
    name = "utf-8-sig" if known.name == "utf-8" else known.name
    return _checked(file, name, has_nul)


def _checked(file: IO[bytes], encoding: str, has_nul: bool) -> Text:
    check = _Check(encoding)
    for chunk in _chunks(file):
        check.feed(chunk)
    check.end()
    wide = encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32"))
    return Text(file, encoding, check.bad > 0, check.nul if wide else has_nul)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK):
        yield chunk


def _marked(start: bytes) -> str | None:
    return next((encoding for mark, encoding in MARKS if start.startswith(mark)), None)


def _without_mark(start: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark: in text that is mostly Latin, the zero bytes tell."""
    whole = start[: len(start) // 4 * 4]
    if len(whole) < 4:
        return None
    share = [whole[at::4].count(0) / (len(whole) // 4) for at in range(4)]
    high, low = 0.4, 0.2
    if min(share[0], share[1], share[2]) > high and share[3] < low:
        return "utf-32-be"
    if min(share[1], share[2], share[3]) > high and share[0] < low:
        return "utf-32-le"
    if min(share[0], share[2]) > high and max(share[1], share[3]) < low:
        return "utf-16-be"
    if min(share[1], share[3]) > high and max(share[0], share[2]) < low:
        return "utf-16-le"
    return None


def _telling_lines(file: IO[bytes]) -> bytes:
    """The lines with bytes beyond ASCII, up to a sample's size: the rest says nothing about the encoding."""
    lines = bytearray()
    tail = b""
    for chunk in _chunks(file):
        block = tail + chunk
        end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        # Lines longer than a chunk are cut: what is wanted is a sample.
        block, tail = (block, b"") if end < 0 else (block[: end + 1], block[end + 1 :])
        if not block.isascii():
            lines += b"".join(line[:TELLING] for line in block.splitlines(keepends=True) if not line.isascii())
        if len(lines) >= TELLING:
            break
    if not tail.isascii():
        lines += tail
    return bytes(lines[:TELLING])


def _legacy(sample: bytes) -> str:
    """The likeliest encoding of bytes that are not Unicode.

    charset-normalizer judges how messy each reading looks and how much it resembles a language. On the few words of a
    product file several readings often tie; then misplaced characters decide (grün as "r黱", łódka as "³ódka"), and
    after that the more common encoding.
    """
    import logging

    from charset_normalizer import from_bytes

    logging.getLogger("charset_normalizer").setLevel(logging.WARNING)
    # Whole characters: a sample cut inside one would speak against its own encoding.
    candidates: list[tuple[float, float, int, str]] = []
    for match in from_bytes(sample, cp_isolation=list(LEGACY)):
        for encoding in {match.encoding, *match.could_be_from_charset} & set(LEGACY):
            text = sample.decode(encoding, "replace")
            mess = round(match.chaos + _misplaced(text), 1)
            candidates.append((mess, -round(match.coherence, 1), LEGACY.index(encoding), encoding))
    best = min(candidates)[3] if candidates else "cp1252"
    # The euro sign of ISO-8859-15 is the generic currency sign ¤ of cp1252, which nobody writes beside a price.
    if best == "cp1252" and b"\xa4" in sample and not re.search(rb"[\x80-\x9f]", sample):
        return "iso8859_15"
    return best


def _misplaced(text: str) -> float:
    """The share of non-ASCII characters that stand where no writing puts them, 0 to 1."""
    strange = total = 0
    padded = f" {text} "
    for before, char, after in zip(padded, padded[1:], padded[2:], strict=False):
        if char.isascii():
            continue
        total += 1
        beside_letters = before.isalpha() or after.isalpha()
        if not char.isalpha():
            strange += char == "\ufffd" or (beside_letters and not char.isspace())
        elif char in RARELY_WESTERN:
            strange += 1
        elif ord(char) >= 0x2E80:
            # Han, kana and hangul stand beside digits, hardly inside a Latin word.
            strange += (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha())
    strange += sum(a.islower() and b.isupper() and not (a.isascii() and b.isascii()) for a, b in pairwise(text))
    return min(1.0, strange / total) if total else 0.0
