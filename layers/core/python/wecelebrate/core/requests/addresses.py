"""The addresses that limits count. A caller who can choose between many addresses must not get many limits."""

import ipaddress

_IPV6_HOST_BITS = 64
"""A provider gives each customer at least a /64, so all addresses of a /64 count as one address."""


def limited_address(source: str) -> str:
    """Return the address under which the limits count the requests of a source address.

    An IPv6 address becomes its /64 network. An IPv4 address that is written as an IPv6 address (`::ffff:192.0.2.1`)
    becomes the IPv4 address. Any other text stays as it is.
    """
    try:
        address = ipaddress.ip_address(source.partition("%")[0])
    except ValueError:
        return source
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address) >> _IPV6_HOST_BITS << _IPV6_HOST_BITS, 128 - _IPV6_HOST_BITS)))
