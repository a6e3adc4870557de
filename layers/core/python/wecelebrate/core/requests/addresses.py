"""Determines which IP addresses count as one address.

A caller who has many addresses must not get a separate limit for each address.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_IPV6_HOST_BITS = 64
"""A provider gives each customer at least a /64, so all addresses of a /64 count as one address.

Some customers have a /56 or a /48, which contains up to 65,536 networks of this size. These networks count separately,
because a mobile network gives each telephone a /64. Otherwise, all telephones of a /48 would share one limit. The limit
of a site, and the limit of a mail's recipient, apply to all addresses together.
"""
_WIDE_PREFIX = 48
"""The largest network that providers usually give to one customer."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv6 addresses whose last 32 bits are an IPv4 address (RFC 6052)."""


def limited_address(source: str) -> str:
    """Return the address under which the limits count the requests of a source address.

    An IPv6 address becomes its /64 network. If an IPv6 address contains the IPv4 address of its owner, the result is
    this IPv4 address. The reason is that the owner of one IPv4 address has 65,536 networks of 6to4, and a Teredo
    address for each server and port. Any other text is returned unchanged.
    """
    try:
        address = ip_address(source.partition("%")[0])
    except ValueError:
        return source
    if isinstance(address, IPv4Address):
        return str(address)
    owner = _ipv4_owner(address)
    if owner is not None:
        return str(owner)
    return str(IPv6Network((int(address) >> _IPV6_HOST_BITS << _IPV6_HOST_BITS, 128 - _IPV6_HOST_BITS)))


def wide_address(limited: str) -> str:
    """Return the address for a limit that all addresses of one owner share. An IPv6 network becomes its /48.

    `limited` is the result of `limited_address`. A /48 is used because anybody can get a /48 at no cost.
    """
    try:
        network = IPv6Network(limited)
    except ValueError:
        return limited
    return str(network.supernet(new_prefix=_WIDE_PREFIX))


def _ipv4_owner(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address contains: mapped, NAT64, 6to4 (RFC 3056) or Teredo (RFC 4380)."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
