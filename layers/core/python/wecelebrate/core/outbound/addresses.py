"""Determines to which URLs and IP addresses `outbound` may send requests."""

import queue
import re
import socket
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote, urlsplit

from wecelebrate.core import host_names
from wecelebrate.core.outbound.errors import NotAllowed, Unreachable
from wecelebrate.core.settings import settings

MAX_URL_LENGTH = 2048
"""The maximum length of a URL, in characters."""

_PORTS = {"http": 80, "https": 443}
"""Maps each scheme to its default port. Other ports are not allowed, because the security group blocks them."""

_LOCAL_SUFFIXES = ("localhost", "local", "internal", "home.arpa", "test", "invalid", "onion")
"""Suffixes of host names that are valid only in a local network, or that have no address on the public internet.

RFC 6761, 6762, 7686 and 8375 define all of these suffixes except `internal`, which ICANN has reserved.
"""

_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FORBIDDEN_IN_URL = re.compile(r"[\x00-\x1f\x7f\\]")

_IPV6_UNICAST = ip_network("2000::/3")
"""All IPv6 addresses that are allocated for the public internet."""
_NAT64 = ip_network("64:ff9b::/96")
"""IPv6 addresses whose last 32 bits are an IPv4 address (RFC 6052)."""
_DENIED = [
    ip_network(network)
    for network in (
        # `is_global` is true for these networks in older versions of Python.
        "192.0.0.0/24",
        "192.88.99.0/24",
        "2001::/23",  # Teredo (its addresses contain an IPv4 address), ORCHID and other protocols
        "2002::/16",  # 6to4 (its addresses contain an IPv4 address)
        "3fff::/20",
        # Azure serves its instance metadata at this public address.
        "168.63.129.16/32",
    )
]

IPAddress = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Address:
    """A parsed URL. A URL is parsed only once, so that the request goes to the same address that was checked."""

    scheme: str
    host: str
    """The host in ASCII and lower case, without brackets and without a dot at the end."""
    port: int
    target: str
    """The path and the query, percent-encoded."""

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The value of the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse(url: str) -> Address:
    """Parse and check a URL, without resolving its host name.

    Raises NotAllowed, with a text that says what is wrong.
    """
    if len(url) > MAX_URL_LENGTH:
        raise NotAllowed(f"the URL is longer than {MAX_URL_LENGTH} characters")
    # URL parsers treat backslashes differently, and some parsers remove control characters. Therefore a URL with a
    # backslash or a control character is refused.
    if _FORBIDDEN_IN_URL.search(url):
        raise NotAllowed("the URL contains a backslash or a control character")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = _normalized_host(parts.hostname or "")
    except host_names.InvisibleCharacter as error:
        raise NotAllowed(f"the host of the URL is not allowed: {error}") from error
    except ValueError as error:
        raise NotAllowed("the URL is not valid") from error
    if parts.scheme not in _PORTS:
        raise NotAllowed("the URL must begin with http:// or https://")
    if "@" in parts.netloc:
        raise NotAllowed("the URL must not contain a user name or a password")
    literal = _ip_literal(host)
    if "[" in parts.netloc and literal is None:
        raise NotAllowed("the host in brackets is not an IPv6 address")
    if literal is not None:
        require_public(literal)
    if port is None:
        port = _PORTS[parts.scheme]
    elif port != _PORTS[parts.scheme] and not (literal and _is_allowed_by_settings(literal)):
        raise NotAllowed(f"the port of an {parts.scheme} URL must be {_PORTS[parts.scheme]}")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?[]") if parts.query else ""
    return Address(parts.scheme, host, port, path + query)


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """Resolve a host once, within `seconds`, and check all of its IP addresses.

    Raises NotAllowed if at least one address is not public, and Unreachable if the host cannot be resolved.
    """
    literal = _ip_literal(host)
    if literal is not None:
        require_public(literal)
        return [str(literal)]
    addresses = list(dict.fromkeys(_look_up(host, port, seconds)))
    for address in addresses:
        require_public(ip_address(address.partition("%")[0]))
    return addresses


def require_public(address: IPAddress) -> None:
    """Raise NotAllowed if an IP address is not on the public internet, and the settings do not allow it."""
    if not _is_public(address) and not _is_allowed_by_settings(address):
        raise NotAllowed("the address is not on the public internet")


def is_exempt(host: str) -> bool:
    """Return whether a host is an IP address that the settings allow. The address need not be public."""
    literal = _ip_literal(host)
    return literal is not None and _is_allowed_by_settings(literal)


def _normalized_host(host: str) -> str:
    """Return the host in ASCII and lower case.

    Raises NotAllowed for a host that is not allowed. Raises ValueError for a host that cannot be encoded in ASCII.
    """
    host = host_names.to_ascii(host).lower().removesuffix(".")
    literal = _ip_literal(host)
    if literal is not None:
        return str(literal)
    if not _HOST_NAME.fullmatch(host) or len(host) > 253:
        raise NotAllowed("the host is not a name on the public internet")
    # Resolvers accept `127.1`, `0x7f.0.0.1` and `0177.0.0.1` as IP addresses. The checks would not recognise these
    # spellings.
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise NotAllowed("the last part of the host is a number: write an IP address as four decimal numbers")
    if any(host.endswith(f".{suffix}") for suffix in _LOCAL_SUFFIXES):
        raise NotAllowed("the host is not a name on the public internet")
    return host


def _ip_literal(host: str) -> IPAddress | None:
    """Return the host as an IP address.

    It returns None if the host is a name, or an IPv6 address with a scope (e.g. `%eth0`).

    A scope is the name of a local network interface.
    """
    try:
        return ip_address(host) if "%" not in host else None
    except ValueError:
        return None


def _is_public(address: IPAddress) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address in _NAT64:
            return _is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in _IPV6_UNICAST:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _DENIED)
    )


def _is_allowed_by_settings(address: IPAddress) -> bool:
    """Return whether the settings allow this IP address.

    The local cloud uses these settings to allow servers on its own machine.
    """
    return str(address) in settings().outbound_allow.split(",")


def _look_up(host: str, port: int, seconds: float) -> list[str]:
    """Call the resolver of the operating system.

    The call runs in a thread, because the resolver supports no timeout.
    """
    result: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def run() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            result.put([str(entry[4][0]) for entry in entries])
        except OSError as error:
            result.put(error)

    threading.Thread(target=run, name="resolver", daemon=True).start()
    try:
        addresses = result.get(timeout=max(seconds, 0))
    except queue.Empty:
        raise Unreachable("the host name could not be resolved in time") from None
    if isinstance(addresses, OSError):
        raise Unreachable("the host name cannot be resolved") from addresses
    return addresses
