"""Reads TXT records from DNS, or, in the local cloud and in tests, from a directory.

`txt_records` is the only function that queries DNS for records other than addresses. The size and the duration of an
answer are limited, because a hostile name server can send any answer, and can answer slowly.
"""

from pathlib import Path
from typing import Protocol

from wecelebrate.core.outbound.errors import Unreachable
from wecelebrate.core.settings import settings

TIMEOUT_SECONDS = 3.0
"""The maximum duration of a look-up, including all attempts."""
MAX_RECORDS = 50
"""The maximum number of records in an answer. All further records are ignored."""
MAX_RECORD_LENGTH = 255
"""The maximum length of a record, in characters. The rest of a longer record is cut off."""


class TxtResolver(Protocol):
    """A source of TXT records."""

    def txt_records(self, name: str) -> list[str]:
        """Return the TXT records of an absolute name.

        The result is empty if the name has no TXT records. Raises Unreachable.
        """


class DirectoryResolver:
    """Reads the records of a name from the file with this name. Each line is a record."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def txt_records(self, name: str) -> list[str]:
        try:
            return (self._directory / Path(name).name).read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []

    def write(self, name: str, records: list[str]) -> None:
        """Replace the records of a name. An empty list deletes the name."""
        self._directory.mkdir(parents=True, exist_ok=True)
        file = self._directory / Path(name).name
        if records:
            file.write_text("".join(f"{record}\n" for record in records), "utf-8")
        else:
            file.unlink(missing_ok=True)


class DnsResolver:
    """Sends queries to the name servers of the machine. An answer may come from the cache of a name server."""

    def txt_records(self, name: str) -> list[str]:
        # The import takes 0.1 s, and only one function needs this library.
        import dns.exception
        import dns.resolver

        resolver = dns.resolver.Resolver()
        resolver.lifetime, resolver.timeout = TIMEOUT_SECONDS, TIMEOUT_SECONDS / 2
        try:
            # The name is absolute: the search list of the machine does not apply.
            answer = resolver.resolve(f"{name}.", "TXT", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise Unreachable(f"the name servers of {name} gave no answer ({type(error).__name__})") from error
        return [b"".join(record.strings).decode("ascii", "replace") for record in answer]


def txt_records(name: str) -> list[str]:
    """Return the TXT records of a name, within the limits of this module. Raises Unreachable."""
    directory = settings().dns_directory
    resolver: TxtResolver = DirectoryResolver(Path(directory)) if directory else DnsResolver()
    return [record[:MAX_RECORD_LENGTH] for record in resolver.txt_records(name)[:MAX_RECORDS]]
