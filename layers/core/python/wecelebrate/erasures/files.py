"""Erases a person in order files: the files for ERP systems, and the files from ERP systems.

A file for an ERP system is written again without the orders of the person, under the same name. Therefore a receiver
that has already processed the file ignores the new file. A receiver that has not processed the file still gets all
other orders.

A file from an ERP system is deleted, together with its result files, if it mentions the person or an order of the
person. The platform has already applied the news in the file. All older versions of these files are also deleted.
"""

import codecs
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from wecelebrate import jobs
from wecelebrate.core import entities, storage
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.erasures import sql
from wecelebrate.feeds.files.containers import GZIP, ZIP, GzipStream
from wecelebrate.feeds.files.zip_reader import ZipReader
from wecelebrate.feeds.items import UnreadableFeed
from wecelebrate.order_files import FOLDER, export
from wecelebrate.order_files.news.rows import WORDS, folded

BUCKET = export.BUCKET
MAX_SEARCHED_BYTES = 64 * 1024 * 1024
"""The maximum size of a file that is searched, including the content of all archives in it. A larger file is deleted
without a search.
"""
MAX_SEARCHES = 2
"""How many times a version is searched if its search kills the worker."""
MIN_LENGTH = 6
"""The minimum length of a text that is searched for. The database has the same rule (app.is_needle)."""
MAX_DISTANCE = 300
"""The maximum number of characters between a phrase and a number: about the length of a row."""
MAX_OWN_ROWS = 200
"""The maximum number of rows with own phrases (see `Needles`) that are compared with the numbers of other orders. If a
file has more of these rows, the phrases are ordinary texts of the file, and do not count."""
_NUMBER = re.compile(r"[\w./-]*[0-9][\w./-]*")
"""A word that can be the number of an order."""
_MAX_DEPTH = 3
"""The maximum depth of nested archives. A file with deeper archives is deleted."""
_MAX_ENTRIES = 10_000
_MAX_DIRECTORY_BYTES = 4 << 20
"""The maximum size of an archive's directory. It allows more entries than any file with news has. An archive with a
larger directory is deleted.
"""
_WINDOW = 1 << 20
"""The number of bytes that are decoded at a time."""
_WORD = "0-9a-z\u00c0-\u024f\u0370-\u052f"
"""The characters of words in scripts that have spaces between words."""
_JSON_ESCAPE = re.compile(r"(?<!\\)\\+(?:u([0-9a-f]{4})|([\"/]))")
"""An escaped character of JSON. It has several backslashes if JSON is a string inside other JSON.

A match begins at the first backslash of a run. Otherwise the time would be quadratic in the length of the run.
"""
_MAX_ENCODED = 3
"""How often the references of XML and HTML are decoded. For example, `&amp;amp;` is encoded twice."""


def erase(job: jobs.LeasedJob, erasure_id: UUID) -> int:
    """Erase the person's data in all files of the client. Return the number of deleted and replaced versions."""
    with writing(SYSTEM) as tx:
        runs = list(sql.list_runs(tx, erasure_id=erasure_id))
        search = sql.find_files_to_search(tx, erasure_id=erasure_id)
        beside = sql.find_phrases_to_search(tx, erasure_id=erasure_id)
    count = 0
    for run in runs:
        job.check_lease()
        count += _write_again(erasure_id, dict(run))
    if search["first_order_at"] is None:
        return count
    needles = Needles(search["texts"], beside["phrases"], beside["numbers"], beside["own_phrases"])
    last = job.checkpoint.get("search", {"key": ""})
    for destination_id in sorted(search["destination_ids"], key=str):
        for version in _versions_since(destination_id, search["first_order_at"]):
            job.check_lease()
            # S3 lists files in the order of their keys. After an interruption, all versions of a file are searched
            # again.
            if version.key >= last["key"] and _must_be_deleted(job, erasure_id, version, needles, last):
                # The file is deleted after the commit. If the worker is killed before the deletion, the next worker
                # finds the file again.
                with writing(SYSTEM) as tx:
                    list(
                        sql.erase_job_of_file(tx, erasure_id=erasure_id, key=version.key, version_id=version.version_id)
                    )
                storage.delete_versions(BUCKET, [version])
                count += 1
    return count


def _must_be_deleted(
    job: jobs.LeasedJob,
    erasure_id: UUID,
    version: storage.ObjectVersion,
    needles: "Needles",
    last: dict[str, Any],
) -> bool:
    """Return whether a version mentions the person, or cannot be searched.

    A search can kill the worker, and then no further code runs. Therefore the version is recorded before the search. If
    a version has killed the worker MAX_SEARCHES times, it is not searched again, and must be deleted. `last` is the
    version that the previous worker recorded.
    """
    content = _content(version)
    searches = last["searches"] + 1 if version.version_id == last.get("version_id") else 1
    record = {"key": version.key, "version_id": version.version_id}
    job.checkpoint |= {"search": record | {"searches": searches}}
    with writing(SYSTEM) as tx:
        job.save(tx)
    needles.own_rows = []
    if searches > MAX_SEARCHES or _mentions(content, needles):
        return True
    # The search is complete. Reset the count, so that a later failure of the worker is not attributed to this version.
    job.checkpoint |= {"search": record | {"searches": 0}}
    with writing(SYSTEM) as tx:
        job.save(tx)
        if not 0 < len(needles.own_rows) <= MAX_OWN_ROWS:
            return False
        return not all(sql.has_number_of_others(tx, erasure_id=erasure_id, words=row) for row in needles.own_rows)


def _write_again(erasure_id: UUID, run: dict[str, Any]) -> int:
    """Write the file of a run again, without the erased orders. Return the number of replaced versions."""
    key = run["key"]
    with writing(SYSTEM) as tx:
        remaining = list(sql.list_remaining_orders(tx, erasure_id=erasure_id, run_id=run["run_id"]))
    old = [*storage.versions(BUCKET, key, exact=True), *storage.versions(BUCKET, f"{key}.done", exact=True)]
    written = export.write_again(run, remaining)
    storage.delete_versions(BUCKET, old)
    with writing(SYSTEM) as tx:
        file = (
            {"key": key, "size": written.size, "sha256": written.sha256}
            if written
            else dict.fromkeys(("key", "size", "sha256"))
        )
        list(sql.record_run_file(tx, erasure_id=erasure_id, run_id=run["run_id"], **file))
    return len(old)


def _versions_since(destination_id: UUID, since: Any) -> Iterator[storage.ObjectVersion]:
    """Yield the versions of a destination's files, except the files that the platform wrote for the destination."""
    folder = f"{FOLDER}{destination_id}/"
    for version in storage.versions(BUCKET, folder):
        if not version.key.startswith(f"{folder}out/") and version.modified_at >= since - timedelta(minutes=5):
            yield version


def _content(version: storage.ObjectVersion) -> bytes | None:
    """Return the content of a version. For a delete marker, the content is empty.

    It returns None if the content is too large to be searched.
    """
    if version.is_delete_marker:
        return b""
    if version.size > MAX_SEARCHED_BYTES:
        return None
    try:
        with storage.open_version(BUCKET, version.key, version.version_id) as body:
            return body.read()
    except storage.ObjectGone:
        return b""


def _mentions(content: bytes | None, needles: "Needles", budget: "_Budget | None" = None, depth: int = 0) -> bool:
    """Return whether a file contains one of the texts, or cannot be searched.

    For an archive, the files in the archive are searched. The bytes of the archive itself are not searched, because
    they can contain a short text by chance.
    """
    if content is None:
        return True
    budget = budget or _Budget()
    if not _is_archive(content):
        return needles.occur_in(content)
    return depth >= _MAX_DEPTH or any(_mentions(part, needles, budget, depth + 1) for part in _parts(content, budget))


@dataclass
class _Budget:
    """The number of bytes that may still be unpacked from one file, including nested archives."""

    bytes_left: int = MAX_SEARCHED_BYTES

    def take(self, size: int) -> bool:
        """Subtract `size` bytes. Return whether the budget had enough bytes."""
        self.bytes_left -= size
        return self.bytes_left >= 0


def _is_archive(content: bytes) -> bool:
    return content.startswith((GZIP, *ZIP))


def _parts(content: bytes, budget: _Budget) -> Iterator[bytes | None]:
    """Yield the files in an archive (ZIP, XLSX, gzip).

    It yields None for a file that cannot be read or is too large.
    """
    try:
        if content.startswith(GZIP):
            yield _unpacked(content, budget)
            return
        archive = ZipReader(io.BytesIO(content), _MAX_ENTRIES, _MAX_DIRECTORY_BYTES)
        for entry in archive.infos:
            part = archive.open(entry).read_whole(budget.bytes_left)
            yield part if part is not None and budget.take(len(part)) else None
    except UnreadableFeed:
        yield None


def _unpacked(content: bytes, budget: _Budget) -> bytes | None:
    """Return the content of a gzip file, or None if the file is incomplete or too large."""
    stream, parts = GzipStream(b"", io.BytesIO(content), lambda: len(content)), []
    while part := stream.read():
        if not budget.take(len(part)):
            return None
        parts.append(part)
    return None if stream.truncated else b"".join(parts)


def _is_form(text: str) -> bool:
    """Return whether a text consists only of words that order files use for columns and states."""
    words = folded(text).split()
    return bool(words) and all(word in WORDS for word in words)


class Needles:
    """Texts that are searched for as whole words, in the encodings that files have.

    A text must not match a part of a word, of a number or of an id.

    `phrases` are names and lines of addresses. Buyers choose them, so a phrase can be equal to any text of a file, e.g.
    the name of a carrier. Therefore a phrase counts only beside one of `numbers`: the short numbers of the person's
    orders.

    `own_phrases` are phrases that occur only in the person's data. A row with one of them also
    counts if the row has no number of another order. Therefore these rows are collected in `own_rows`.
    """

    def __init__(
        self,
        texts: Iterable[str],
        phrases: Iterable[str] = (),
        numbers: Iterable[str] = (),
        own_phrases: Iterable[str] = (),
    ) -> None:
        """All texts are in lower case. Texts and phrases with fewer than MIN_LENGTH characters are ignored."""
        self._patterns = _patterns(texts)
        self._numbers = [_pattern(number) for number in numbers]
        self._phrases = _patterns(phrases) if self._numbers else {}
        self._own_phrases = _patterns(phrase for phrase in own_phrases if not _is_form(phrase))
        self.own_rows: list[list[str]] = []
        """For each row with an own phrase that was found: the words of the row that can be numbers of orders."""
        # One character can take six characters in a file, as in `&#123;` or `\\u00e9`, and more in nested JSON.
        longest = max(map(len, (*self._patterns, *self._phrases, *self._own_phrases)), default=0)
        self._overlap = 24 * longest + 64 + 2 * MAX_DISTANCE

    def occur_in(self, content: bytes) -> bool:
        """Return whether one of the texts occurs in a file."""
        return any(self._occur_in_window(*window) for window in self._windows(content))

    def _occur_in_window(self, text: str, first: int, end: int) -> bool:
        """Return whether a text begins at or after `first` and ends before `end`."""
        matches = _matches(self._own_phrases, text, first, end)
        self.own_rows += [self._numbers_in_row(text, match) for match in islice(matches, self._rows_left())]
        return any(_matches(self._patterns, text, first, end)) or any(
            self._is_beside_number(text, match, first, end) for match in _matches(self._phrases, text, first, end)
        )

    def _is_beside_number(self, text: str, phrase: re.Match[str], first: int, end: int) -> bool:
        first, end = max(first, phrase.start() - MAX_DISTANCE), min(end, phrase.end() + MAX_DISTANCE)
        return any(match.end() < end for number in self._numbers for match in number.finditer(text, first, end))

    def _rows_left(self) -> int:
        """Return how many rows may still be collected. The maximum is MAX_OWN_ROWS + 1, to detect a file with too many
        rows.
        """
        return max(MAX_OWN_ROWS + 1 - len(self.own_rows), 0)

    def _numbers_in_row(self, text: str, phrase: re.Match[str]) -> list[str]:
        first = max(text.rfind("\n", 0, phrase.start()) + 1, phrase.start() - MAX_DISTANCE)
        end = text.find("\n", phrase.end(), phrase.end() + MAX_DISTANCE)
        return _NUMBER.findall(text, first, phrase.end() + MAX_DISTANCE if end == -1 else end)

    def _windows(self, content: bytes) -> Iterator[tuple[str, int, int]]:
        """Yield the text of a file in overlapping parts, with the bounds for matches, so that memory is bounded.

        Each part is yielded unchanged. If the part contains escapes, it is also yielded without the escapes.

        If a word begins before a part or ends after it, the bounds exclude the word. An adjacent part contains the
        whole word.
        """
        for encoding in _encodings(content):
            decoder, tail = codecs.getincrementaldecoder(encoding)("replace"), ""
            for start in range(0, len(content), _WINDOW):
                is_last = start + _WINDOW >= len(content)
                window = tail + decoder.decode(content[start : start + _WINDOW], is_last).lower()
                texts = [window]
                if "&" in window or "\\" in window:
                    texts.append(_without_escapes(window))
                for text in texts:
                    yield text, 1 if tail else 0, len(text) + 1 if is_last else len(text)
                tail = window[-self._overlap :]


def _without_escapes(text: str) -> str:
    """Return a text without the escapes of JSON, XML and HTML, even if one document is nested in another."""
    text = _JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], text)
    for _ in range(_MAX_ENCODED):
        text = entities.decoded(text)
    return text.lower()


def _patterns(texts: Iterable[str]) -> dict[str, re.Pattern[str]]:
    return {text: _pattern(text) for text in texts if len(text) >= MIN_LENGTH}


def _matches(patterns: Mapping[str, re.Pattern[str]], text: str, first: int, end: int) -> Iterator[re.Match[str]]:
    """Yield the matches that begin at or after `first` and end before `end`."""
    for needle, pattern in patterns.items():
        if needle in text:
            yield from (match for match in pattern.finditer(text, first) if match.end() < end)


def _pattern(text: str) -> re.Pattern[str]:
    """Return the pattern that finds a text as whole words. The database has the same rule (app.needle_pattern)."""
    before = f"(?<![{_WORD}])" if re.match(f"[{_WORD}]", text) else ""
    after = f"(?![{_WORD}])" if re.match(f"[{_WORD}]", text[-1]) else ""
    return re.compile(f"{before}{re.escape(text)}{after}")


def _encodings(content: bytes) -> tuple[str, ...]:
    """Return the possible encodings of a file. Text in UTF-16 contains NUL bytes. Text in other encodings contains
    none.
    """
    if b"\0" in content[:_WINDOW]:
        return ("utf-16-le", "utf-16-be", "utf-8")
    return ("utf-8", "latin-1")
