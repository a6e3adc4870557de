"""Tests which IP addresses share the limits of one address."""

import pytest

from wecelebrate.core.requests.addresses import limited_address, wide_address


@pytest.mark.parametrize(
    ("source", "limited"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1"),
        ("2002:c000:201::1", "192.0.2.1"),
        ("2002:c000:201:ffff:1:2:3:4", "192.0.2.1"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdfe", "192.0.2.1"),
        ("2001:0:cb00:7107:0:1234:3fff:fdfe", "192.0.2.1"),
        ("64:ff9b::192.0.2.1", "192.0.2.1"),
        ("64:ff9b::c000:201", "192.0.2.1"),
        ("64:ff9b:1::c000:201", "64:ff9b:1::/64"),
        ("2001:1::c000:201", "2001:1::/64"),
        ("2003:c000:201::1", "2003:c000:201::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("test-invoke-source-ip", "test-invoke-source-ip"),
    ],
)
def test_an_ipv6_address_counts_as_its_ipv4_address_or_64_bit_network(source: str, limited: str) -> None:
    assert limited_address(source) == limited


@pytest.mark.parametrize(
    ("source", "wide"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("2001:db8:1:ffff::1", "2001:db8:1::/48"),
        ("2001:db8:2::1", "2001:db8:2::/48"),
        ("2002:c000:201::1", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("test-invoke-source-ip", "test-invoke-source-ip"),
    ],
)
def test_a_wide_address_is_the_48_bit_network_of_an_ipv6_address(source: str, wide: str) -> None:
    assert wide_address(limited_address(source)) == wide
