"""Which addresses may be asked: what a URL may say, and where its host may lie."""

import queue
import re
import socket
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote, urlsplit

from wecelebrate.core.settings import settings

MOST_CHARACTERS = 2048
"""Of a URL."""

_PORTS = {"http": 80, "https": 443}
"""Scheme → its port, and the only one: functions are let out to these alone."""

_NEAR_NAMES = ("localhost", "local", "internal", "home.arpa", "test", "invalid", "onion")
"""Endings of names that mean something near the asker, or nothing (RFC 6761, 6762, 8375; ICANN's `internal`)."""

_LABELS = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NOT_IN_A_URL = re.compile(r"[\x00-\x1f\x7f\\]")

_UNICAST = ip_network("2000::/3")
"""All of IPv6 that is given out to be reached."""
_TRANSLATED = ip_network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last 32 bits are an IPv4 address."""
_NEVER = [
    ip_network(network)
    for network in (
        # `is_global` of older Pythons lets these pass.
        "192.0.0.0/24",
        "192.88.99.0/24",
        "2001::/23",  # Teredo (an IPv4 address in disguise), ORCHID and other protocols
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",
        # A public address that answers as the metadata service of one cloud.
        "168.63.129.16/32",
    )
]

AnyAddress = IPv4Address | IPv6Address


class Refused(Exception):
    """This address may not be asked."""


class Unreachable(Exception):
    """It did not answer in time, or not with HTTP."""


@dataclass(frozen=True)
class Address:
    """A URL, taken apart once: what is checked is what is asked."""

    scheme: str
    host: str
    """In ASCII and lower case, without brackets and final dot."""
    port: int
    target: str
    """Path and query, percent-encoded."""

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """What the header `Host` says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse(url: str) -> Address:
    """Take a URL apart. Raises Refused, saying what is wrong, for one that needs no look-up to be refused."""
    if len(url) > MOST_CHARACTERS:
        raise Refused(f"the address is longer than {MOST_CHARACTERS} characters")
    # Parsers disagree about a backslash, and drop control characters: neither is an address.
    if _NOT_IN_A_URL.search(url):
        raise Refused("the address has characters in it that no address has")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = _host(parts.hostname or "")
    except ValueError as error:
        raise Refused("this is not an address") from error
    if parts.scheme not in _PORTS:
        raise Refused("an address begins with http:// or https://")
    if "@" in parts.netloc:
        raise Refused("the address has a user name or a password in it")
    literal = _literal(host)
    if "[" in parts.netloc and literal is None:
        raise Refused("the host of the address is in brackets, and no address of IPv6")
    if literal is not None:
        refuse_near(literal)
    if port is None:
        port = _PORTS[parts.scheme]
    elif port != _PORTS[parts.scheme] and not (literal and _allowed(literal)):
        raise Refused(f"an address of {parts.scheme} has port {_PORTS[parts.scheme]}")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?[]") if parts.query else ""
    return Address(parts.scheme, host, port, path + query)


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """Every address of a host, looked up once and checked. Raises Refused if only one of them is near, Unreachable."""
    literal = _literal(host)
    if literal is not None:
        refuse_near(literal)
        return [str(literal)]
    addresses = list(dict.fromkeys(_look_up(host, port, seconds)))
    for address in addresses:
        refuse_near(ip_address(address.partition("%")[0]))
    return addresses


def refuse_near(address: AnyAddress) -> None:
    """Raise Refused for an address that is not one of the public internet."""
    if not _is_public(address) and not _allowed(address):
        raise Refused("the address does not lie in the public internet")


def _host(host: str) -> str:
    """A host as it is asked for. Raises Refused, or ValueError for what is none."""
    if not host.isascii():
        import idna

        # As browsers do; what only looks like a dot, a digit or a letter is one from here on.
        host = idna.encode(host, uts46=True).decode()
    host = host.lower().removesuffix(".")
    literal = _literal(host)
    if literal is not None:
        return str(literal)
    if not _LABELS.fullmatch(host) or len(host) > 253:
        raise Refused("the host of the address is not a name of the public internet")
    last = host.rpartition(".")[2]
    # Resolvers read `127.1`, `0x7f.0.0.1` and `0177.0.0.1` as addresses: whoever writes one so hides it.
    if _NUMBER.fullmatch(last):
        raise Refused("the host of the address is a number")
    if any(host.endswith(f".{name}") for name in _NEAR_NAMES):
        raise Refused("the host of the address is not a name of the public internet")
    return host


def _literal(host: str) -> AnyAddress | None:
    """The address that a host is, in its canonical spelling; a scope of IPv6 names an interface of ours."""
    try:
        return ip_address(host) if "%" not in host else None
    except ValueError:
        return None


def _is_public(address: AnyAddress) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address in _TRANSLATED:
            return _is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in _UNICAST:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _NEVER)
    )


def exempt(host: str) -> bool:
    """Whether a host is an address that only this cloud's own settings let be asked."""
    literal = _literal(host)
    return literal is not None and _allowed(literal)


def _allowed(address: AnyAddress) -> bool:
    """Whether this cloud's own settings let it be asked: receivers on this machine, in the local cloud."""
    return str(address) in settings().outbound_allow.split(",")


def _look_up(host: str, port: int, seconds: float) -> list[str]:
    """Ask the resolver, which has no timeout of its own, and no longer than `seconds`."""
    found: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put([str(answer[4][0]) for answer in answers])
        except OSError as error:
            found.put(error)

    threading.Thread(target=look, name="resolver", daemon=True).start()
    try:
        answer = found.get(timeout=max(seconds, 0))
    except queue.Empty:
        raise Unreachable("its name could not be looked up in time") from None
    if isinstance(answer, OSError):
        raise Unreachable("its name is not known") from answer
    return answer
