"""Finds the public addresses of this machine, as a server on the internet sees them."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.request import urlopen

_SERVICES = ("https://ipv4.icanhazip.com", "https://ipv6.icanhazip.com")
"""Each host has addresses of only one version of IP, and answers with the address of this machine in this version."""
_TIMEOUT_SECONDS = 5


def own_addresses() -> list[IPv4Address | IPv6Address]:
    """Return the public IPv4 and IPv6 addresses of this machine. If a service does not answer, its address is
    missing."""
    addresses = []
    for url in _SERVICES:
        try:
            with urlopen(url, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - a constant
                addresses.append(ip_address(response.read(100).decode("ascii").strip()))
        except (OSError, ValueError):
            continue
    return addresses
