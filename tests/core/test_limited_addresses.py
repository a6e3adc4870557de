"""Tests which addresses count as one address."""

import pytest

from wecelebrate.core.requests.addresses import limited_address


@pytest.mark.parametrize(
    ("source", "limited"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("test-invoke-source-ip", "test-invoke-source-ip"),
    ],
)
def test_all_ipv6_addresses_of_a_64_bit_network_count_as_one_address(source: str, limited: str) -> None:
    assert limited_address(source) == limited
