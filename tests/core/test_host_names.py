"""Tests how internationalised host names become ASCII."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wecelebrate.core import host_names, outbound
from wecelebrate.core.database import visited_site
from wecelebrate.core.outbound import NotAllowed
from wecelebrate.core.types import email_address as mail_address
from wecelebrate.sites.models import SitePatch

OWN_DOMAINS = [
    ("straße.de", "xn--strae-oqa.de"),
    ("strasse.de", "strasse.de"),
    ("faß.example", "xn--fa-hia.example"),
    ("βόλος.gr", "xn--nxasmm1c.gr"),
    ("βόλοσ.gr", "xn--nxasmq6b.gr"),
    ("नी\u200dल.example", None),
    ("क्\u200dष.example", "xn--11b2ezcw70k.example"),
    ("bücher。example", "xn--bcher-kva.example"),
    ("\uff45xample.com", "example.com"),
]
INVISIBLE = [
    "\u00ad",
    "\u034f",
    "\u115f",
    "\u180e",
    "\u200b",
    "\u2060",
    "\u2063",
    "\u3164",
    "\ufe0f",
    "\ufeff",
    "\uffa0",
]
REFUSED = ["\u200c", "\u200d", "\u200e", "\u202e", "\u2024", "\u2800", "\u00a0", "\u2603", "/", "@"]


@pytest.mark.parametrize(("name", "ascii_name"), OWN_DOMAINS)
def test_different_domain_names_have_different_encodings(name: str, ascii_name: str | None) -> None:
    if ascii_name is None:
        with pytest.raises(ValueError, match="Joiner"):
            host_names.to_ascii(name)
        assert mail_address(f"ann@{name}") is None
        return
    assert host_names.to_ascii(name) == ascii_name
    # E-mail addresses must not contain joiners.
    assert mail_address(f"ann@{name}") == (None if "\u200d" in name else f"ann@{ascii_name}")


@pytest.mark.parametrize("character", INVISIBLE + REFUSED, ids=ascii)
def test_a_host_name_with_an_invisible_or_unknown_character_is_refused(character: str) -> None:
    for name in (f"exam{character}ple.com", f"{character}bücher.com", f"bücher.com{character}"):
        assert mail_address(f"ann@{name}") is None
    if character in INVISIBLE:
        with pytest.raises(NotAllowed, match=f"invisible character U\\+{ord(character):04X}"):
            outbound.check(f"https://exam{character}ple.com/")


def test_a_host_name_has_at_most_253_characters_before_it_is_encoded() -> None:
    wide = "\uff41" * 63  # full-width letters become ASCII
    longest = f"{wide}.{wide}.{wide}.{'b' * 57}.com"
    assert len(longest) == 253
    assert host_names.to_ascii(longest) == longest.replace("\uff41", "a")
    with pytest.raises(ValueError, match="longer than 253 characters"):
        host_names.to_ascii(f"b{longest}")


@given(st.text(min_size=1, max_size=20))
def test_encoding_does_not_change_an_encoded_host_name(label: str) -> None:
    try:
        name = host_names.to_ascii(f"ü{label}.example")
    except ValueError:
        return
    assert name.isascii()
    assert host_names.to_ascii(name) == name


@pytest.mark.parametrize("domain", ["ex\u00adample.com", "ex\u200bample.com", "ex\u200dample.com"], ids=ascii)
def test_a_domain_of_a_site_with_an_invisible_character_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        SitePatch(domain=domain)
    assert SitePatch(domain="straße.de").changes() == {"domain": "xn--strae-oqa.de"}


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("Gifts.Example.com", "gifts.example.com"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("straße.de", "xn--strae-oqa.de"),
        ("gi\u00adfts.example.com", "gi\u00adfts.example.com"),
    ],
)
def test_the_host_of_a_request_is_converted_to_ascii_to_find_the_site(host: str, site: str) -> None:
    assert visited_site(host) == site
