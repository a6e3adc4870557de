"""Detects the encoding of a stream that can be read only once, and decodes the stream.

The encoding is known only at the end of the file, because a single ü in Latin-1 can follow a megabyte of ASCII.
Therefore a first pass copies the stream to a temporary file and detects the encoding. A second pass parses the file.

A single pass would have to reject rows with unexpected bytes, or to change the encoding in the middle of the file. Each
of these methods would lose or damage rows of ordinary ERP exports.

Memory use is constant. The temporary file is as large as the stream.
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

from wecelebrate.feeds.files.containers import MAX_MEMORY_BYTES, Readable, report_full_disk
from wecelebrate.feeds.files.double_encoding import repair
from wecelebrate.feeds.files.evidence import decide
from wecelebrate.feeds.files.header_languages import code_page_of_header
from wecelebrate.feeds.items import UnreadableFeed, quoted

CHUNK = 1 << 20
FORMAT_SAMPLE = 64 << 10
"""The format of a file is detected from this number of characters at its start."""
SAMPLE_BYTES = 16 << 10
"""A legacy encoding is detected from at most this many bytes, which come from the lines with non-ASCII bytes."""

WIDE_SAMPLE = 4_096
MIN_ASCII = 0.05
"""The minimum share of ASCII characters, such as delimiters, in UTF-16 text without a byte order mark."""

_SCORE_DECIMALS = 1
"""The scores of charset-normalizer are rounded, because small differences mean nothing in a file with few words."""

# Byte order marks. The mark of UTF-32-LE starts with the mark of UTF-16-LE, so UTF-32-LE comes first.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# The encodings of real exports. If several encodings fit equally well, the first encoding in this list is used.
LEGACY = (
    "cp1252", "cp1250", "cp1251", "cp1254", "cp1253", "cp1257", "cp932", "gb18030", "big5", "cp949", "euc_jp",
    "koi8_r", "cp850", "mac_roman",
)  # fmt: skip

# Encodings of DOS and of the old Mac OS. An encoding in this set is used only if the text is more disordered in all
# other encodings. The reason is that a word such as `Käse` looks correct in several encodings.
OLD = frozenset(("cp850", "mac_roman"))

# Letters that are rare in Western texts. In cp1254, the bytes of these letters mean common Turkish letters.
RARELY_WESTERN = frozenset("ýþðÝÞÐ")
_LOW_QUOTES = frozenset("\u201e\u201a")
_QUOTES = _LOW_QUOTES | frozenset("\u201c\u201d\u00ab\u00bb\u2039\u203a")
_CENTRAL_SIGNS = re.compile(rb"\d[ \xa0]?(?:K\xe8|z\xb3)(?![\x80-\xffA-Za-z])")
"""Amounts in korunas and zlotys in cp1250. In cp1252, the same bytes would be `249 Kè` and `49 z³`."""

_POUNDS = re.compile(rb"(?<![A-Za-z\x80-\xff])\xa3 ?\d")
"""An amount in pounds in cp1252. In cp1250, it would be `Ł4.20`, but no word begins with a `Ł` before a digit."""
_CARON_IN_WORD = re.compile(r"[^\W\d_][ìù][^\W\d_]|[^\W\d_]è(?=[^\W\d_])")
"""Letters with a grave accent inside words. Italian has these letters only at the end of words. In cp1250, the same
bytes are letters with a caron.
"""
_CARONS = re.compile(r"[šžŠŽ]|[^\W\d_]ø[^\W\d_]")
_FRENCH = re.compile(r"[êàçâîœ]", re.IGNORECASE)


class _TextReader(io.TextIOWrapper):
    """A reader whose `close` leaves the file open for the next reader."""

    def close(self) -> None:
        with contextlib.suppress(ValueError):  # the reader is already detached
            self.detach()


@dataclass(slots=True)
class TextFile:
    """A complete text file on disk, and the encoding of the file."""

    file: IO[bytes]
    encoding: str
    damaged: bool
    """Whether some bytes are invalid in this encoding. Invalid bytes are read as U+FFFD."""
    has_nul: bool
    doubts: tuple[tuple[str, str], ...] = ()
    """The encodings if the bytes fit several encodings, each with an example word. The first encoding is used."""

    def open(self) -> io.TextIOWrapper:
        """Open the text at its start, with unchanged line ends.

        Use only one reader at a time, because all readers share the file object and its position.
        """
        self.file.seek(0)
        return _TextReader(self.file, self.encoding, errors="replace", newline="")


def spool(head: bytes, stream: Readable, encoding: str | None) -> TextFile:
    """Copy `head` and the rest of its stream to a temporary file, and detect the encoding.

    `encoding` overrides the detection. Raises UnreadableFeed for an empty file, an unknown encoding, or a disk that is
    too small.
    """
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=MAX_MEMORY_BYTES)  # noqa: SIM115  (outlives this call)
    try:
        return _spool(head, stream, file, encoding)
    except BaseException:
        file.close()
        raise


def _spool(head: bytes, stream: Readable, file: IO[bytes], encoding: str | None) -> TextFile:
    if not head:
        raise UnreadableFeed("the file is empty")
    has_nul = False
    utf8 = _EncodingCheck("utf-8")
    chunk = head
    with report_full_disk():
        while chunk:
            has_nul = has_nul or b"\0" in chunk
            utf8.feed(chunk)
            file.write(chunk)
            chunk = stream.read(CHUNK)
    utf8.end()
    if encoding:
        return _in_named_encoding(file, encoding, has_nul)
    if utf8.bad == 0 and utf8.good and not has_nul and (repaired := repair(file)):
        file.close()
        return TextFile(repaired, "utf-8", damaged=False, has_nul=False)
    if detected := _marked(head) or (_without_mark(head) if has_nul else None):
        return _checked(file, detected, has_nul)
    # If few bytes are invalid and most text is valid UTF-8, only the rows with the invalid bytes are bad.
    # Otherwise the file is not UTF-8.
    if utf8.bad == 0 or utf8.good > 20 * utf8.bad:
        return TextFile(file, "utf-8", utf8.bad > 0, has_nul)
    sample = _non_ascii_lines(file)
    detected, doubts = decide(head, sample, code_page_of_header(head, _legacy(sample), sample))
    text = _checked(file, detected, has_nul)
    text.doubts = doubts
    return text


class _EncodingCheck:
    """Counts the valid non-ASCII characters and the invalid sequences of a text that is decoded in chunks."""

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
        # Above a million, `good` need not be exact, because it is only compared with 20 × `bad`.
        if self.good < 1_000_000:
            self.good += len(re.findall(r"[^\x00-\x7f\ufffd]", text))

    def end(self) -> None:
        self.feed(b"", final=True)


def _in_named_encoding(file: IO[bytes], encoding: str, has_nul: bool) -> TextFile:
    try:
        codec = codecs.lookup(encoding)
        io.TextIOWrapper(io.BytesIO(b""), encoding).read()
    except (LookupError, TypeError, ValueError) as error:
        raise UnreadableFeed(
            f"`encoding` in the sync settings is {quoted(encoding)}, which is not a text encoding; use one "
            "such as utf-8 or cp1252"
        ) from error
    name = "utf-8-sig" if codec.name == "utf-8" else codec.name
    return _checked(file, name, has_nul)


def _checked(file: IO[bytes], encoding: str, has_nul: bool) -> TextFile:
    check = _EncodingCheck(encoding)
    for chunk in _chunks(file):
        check.feed(chunk)
    check.end()
    wide = encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32"))
    return TextFile(file, encoding, check.bad > 0, check.nul if wide else has_nul)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK):
        yield chunk


def _marked(start: bytes) -> str | None:
    return next((encoding for mark, encoding in MARKS if start.startswith(mark)), None)


def _without_mark(start: bytes) -> str | None:
    """Detect UTF-16 or UTF-32 in a text without a byte order mark, by the positions of the zero bytes.

    If most characters of a text in UTF-16 are not Latin, the line breaks show the byte order.
    """
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
    return _wide_by_lines(start[:WIDE_SAMPLE])


def _wide_by_lines(start: bytes) -> str | None:
    """Return the byte order of a text in UTF-16 whose characters are mostly not Latin, or None.

    In the wrong byte order, line breaks and delimiters become letters of other scripts.
    """
    for encoding in ("utf-16-le", "utf-16-be"):
        text = start[: len(start) // 2 * 2].decode(encoding, "replace")
        ascii_share = sum(map(str.isascii, text)) / len(text) if text else 0
        is_plain = "\0" not in text and "\ufffd" not in text[:-1] and ascii_share > MIN_ASCII
        if is_plain and "\n" in text and all(char.isprintable() or char.isspace() for char in text):
            return encoding
    return None


def _non_ascii_lines(file: IO[bytes]) -> bytes:
    """Return a sample of the lines with non-ASCII bytes. Lines with only ASCII do not help to detect the encoding."""
    lines = bytearray()
    tail = b""
    for chunk in _chunks(file):
        block = tail + chunk
        end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        # Lines longer than a chunk are cut. This does not matter for a sample.
        block, tail = (block, b"") if end < 0 else (block[: end + 1], block[end + 1 :])
        if not block.isascii():
            lines += b"".join(line[:SAMPLE_BYTES] for line in block.splitlines(keepends=True) if not line.isascii())
        if len(lines) >= SAMPLE_BYTES:
            break
    if not tail.isascii():
        lines += tail
    return bytes(lines[:SAMPLE_BYTES])


def _legacy(sample: bytes) -> str:
    """Return the most likely encoding of text that is not in a Unicode encoding.

    charset-normalizer computes two scores for each encoding: how disordered the decoded text looks, and how much it
    resembles a language. A product file has few words, so the scores of several encodings are often equal.

    Therefore the share of misplaced characters is added to the first score. For example, the Han character in "gr黱" (a
    wrongly decoded "grün") is misplaced, and so is the digit in "³ódka" (a wrongly decoded "łódka"). If the scores are
    still equal, the encoding that comes first in LEGACY is used.
    """
    import logging

    from charset_normalizer import from_bytes

    logging.getLogger("charset_normalizer").setLevel(logging.WARNING)

    candidates: list[tuple[float, float, int, str]] = []
    for match in from_bytes(sample, cp_isolation=list(LEGACY)):
        for encoding in {match.encoding, *match.could_be_from_charset} & set(LEGACY):
            text = sample.decode(encoding, "replace")
            mess = round(match.chaos + _misplaced(text), _SCORE_DECIMALS)
            coherence = 0 if encoding in OLD else round(match.coherence, _SCORE_DECIMALS)
            candidates.append((mess, -coherence, LEGACY.index(encoding), encoding))
    best = min(candidates)[3] if candidates else "cp1252"
    if best == "cp1252" and (_CENTRAL_SIGNS.search(sample) or _is_central(sample.decode("cp1252", "replace"))):
        return "cp1250"
    if best == "cp1250" and _POUNDS.search(sample):
        return "cp1252"
    # The byte A4 is the euro sign in ISO-8859-15. In cp1252, it is ¤, which product files do not contain.
    if best == "cp1252" and b"\xa4" in sample and not re.search(rb"[\x80-\x9f]", sample):
        return "iso8859_15"
    return best


def _is_central(text: str) -> bool:
    """Return whether a text that was decoded as cp1252 is in cp1250: `Bìžná cena` is Czech `Běžná cena`."""
    return len(_CARON_IN_WORD.findall(text)) > 1 and len(_CARONS.findall(text)) > 1 and not _FRENCH.search(text)


def _misplaced(text: str) -> float:
    """Return the share (0 to 1) of the non-ASCII characters whose position is impossible in every language."""
    strange = total = 0
    padded = f" {text} "
    for before, char, after in zip(padded, padded[1:], padded[2:], strict=False):
        if char.isascii():
            continue
        total += 1
        beside_letters = before.isalpha() or after.isalpha()
        if char in _QUOTES:
            # In `„Buch“`, the quotes are correct. In `K„se`, the quote is a wrongly decoded `ä` of a DOS encoding.
            strange += before.isalpha() and (after.isalpha() or char in _LOW_QUOTES)
        elif not char.isalpha():
            strange += char == "\ufffd" or (beside_letters and not char.isspace())
        elif char in RARELY_WESTERN:
            strange += 1
        elif "\u0370" <= char <= "\u06ff":
            # Greek, Cyrillic, Hebrew and Arabic letters do not occur in Latin words: `KЃhl` is a wrongly decoded `Kühl`
            # of a DOS encoding.
            strange += (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha())
        elif ord(char) >= 0x2E80:
            # Han, kana and hangul characters occur beside digits, but almost never beside Latin letters.
            strange += (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha())
    # A `ß` before a capital letter is correct, as in `GIEßKANNE`, because usual code pages have no capital `ß`.
    strange += sum(
        a.islower() and b.isupper() and a != "ß" and not (a.isascii() and b.isascii()) for a, b in pairwise(text)
    )
    return min(1.0, strange / total) if total else 0.0
