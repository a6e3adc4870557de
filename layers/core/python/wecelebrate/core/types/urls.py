"""Domain names and URLs.

A URL has the scheme `http` or `https` and a host. It has no user name, no password and no white space. It also has no
backslash, quote or angle bracket, because RFC 3986 excludes these characters and programs treat them differently. Its
port is the default port of the scheme, or a port that is not reserved for system services (RFC 6335: 0 to 1023).
"""

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, StringConstraints

from wecelebrate.core import host_names
from wecelebrate.core.types.schema import Documented

MAX_URL_LENGTH = 2048
MAX_DOMAIN_LENGTH = 253

_NOT_IN_URL = r'\s\u0000-\u001f\u007f-\u009f\\"<>'
_AFTER_SCHEME = rf"://[^{_NOT_IN_URL}@/?#]+([/?#][^{_NOT_IN_URL}]*)?"
URL_PATTERN = rf"^[Hh][Tt][Tt][Pp][Ss]?{_AFTER_SCHEME}$"
IMAGE_PATTERN = rf"^([Hh][Tt][Tt][Pp][Ss]?{_AFTER_SCHEME}|[^:\u0000-\u001f\u007f-\u009f\\]+)$"
"""A path has no colon, because a browser would read the text before a colon as a scheme, e.g. `javascript:`."""
DOMAIN_PATTERN = r"^[^\s\u0000-\u002c\u002f\u003a-\u0040\u005b-\u0060\u007b-\u009f]+$"

_url = re.compile(rf"(https?)://([^{_NOT_IN_URL}@/?#]+)(?:[/?#][^{_NOT_IN_URL}]*)?\Z", re.IGNORECASE)
_user_info = re.compile(r"https?://[^/?#\s]*@", re.IGNORECASE)
_scheme = re.compile("https?:", re.IGNORECASE)
_plain = re.compile(r"(https?)://([a-z0-9.-]+)/[A-Za-z0-9/._~%+=-]*\Z")
_path = re.compile(r"[^:\x00-\x1f\x7f-\x9f\\\ud800-\udfff]+")
_label = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_host_label = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FIRST_FREE_PORT = 1024


def domain_name(value: str) -> str | None:
    """Return a domain name in ASCII (IDNA, UTS #46) and lower case. Return None if it is not a domain name."""
    ascii_name = _ascii_host(value)
    if ascii_name is None or len(ascii_name) > MAX_DOMAIN_LENGTH:
        return None
    labels = ascii_name.split(".")
    is_address = labels[-1].isdigit()
    return ascii_name if all(map(_is_label, labels)) and not is_address else None


def url_problem(url: str) -> str | None:
    """Return what is wrong with an http(s) URL, or None if it is valid."""
    match = _url.match(url)
    if match is None:
        if _user_info.match(url):
            return "must not contain a user name or a password"
        return "must be an http or https URL without spaces, e.g. https://example.com/logo.png"
    return _authority_problem(match[1].lower(), match[2])


@lru_cache(maxsize=1024)
def _authority_problem(scheme: str, authority: str) -> str | None:
    """Return what is wrong with the host and the port of a URL. The result is cached, because hosts repeat."""
    try:
        parts = urlsplit(f"{scheme}://{authority}")
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return "must have a valid host and port"
    if not _is_host(host):
        return "must have a valid host, e.g. example.com"
    if port is not None and port != _DEFAULT_PORTS[scheme] and port < _FIRST_FREE_PORT:
        return f"must not use the reserved port {port}"
    return None


def is_plain_url(url: str) -> bool:
    """Return whether a URL is valid and contains only letters, digits and a few signs.

    If the result is False, the URL can still be valid. This function takes a third of the time of `url_problem`, and
    the result is True for most URLs of images.
    """
    match = _plain.match(url)
    return match is not None and _authority_problem(match[1], match[2]) is None


def image_url_problem(url: str) -> str | None:
    """Return what is wrong with the address of an image: an http(s) URL, or a path.

    It returns None if the address is valid.
    """
    if _scheme.match(url):
        return url_problem(url)
    return None if _path.fullmatch(url) else "must be an http or https URL, or a path"


def _ascii_host(host: str) -> str | None:
    try:
        return host_names.to_ascii(host).lower()
    except ValueError:
        return None


def _is_label(label: str) -> bool:
    """Return whether a label in ASCII is valid.

    Hyphens at the third and fourth position mean that the label is encoded with IDNA.
    """
    if not _label.fullmatch(label) or label[2:4] != "--":
        return _label.fullmatch(label) is not None
    import idna

    try:
        return idna.alabel(idna.ulabel(label)).decode() == label
    except (idna.IDNAError, UnicodeError):
        return False


def _is_host(host: str) -> bool:
    if ":" in host:
        return _is_ip_address(host)
    ascii_host = _ascii_host(host)
    if not ascii_host or len(ascii_host) > MAX_DOMAIN_LENGTH:
        return False
    labels = ascii_host.removesuffix(".").split(".")
    # Browsers read a host whose last label is a number as an IPv4 address, e.g. `127.1`.
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        return _is_ip_address(ascii_host)
    return all(_host_label.fullmatch(label) for label in labels)


def _is_ip_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _checked_url(url: str) -> str:
    problem = url_problem(url)
    if problem:
        raise ValueError(problem)
    return url


def _checked_image_url(url: str) -> str:
    problem = image_url_problem(url)
    if problem:
        raise ValueError(problem)
    return url


def _checked_domain(value: str) -> str:
    name = domain_name(value)
    if name is None:
        raise ValueError("must be a domain name, e.g. gifts.example.com")
    return name


_of_url = StringConstraints(strip_whitespace=False, min_length=1, max_length=MAX_URL_LENGTH)

HttpUrl = Annotated[str, _of_url, AfterValidator(_checked_url), Documented({"pattern": URL_PATTERN})]
"""An http or https URL."""
ImageUrl = Annotated[str, _of_url, AfterValidator(_checked_image_url), Documented({"pattern": IMAGE_PATTERN})]
"""The URL or the path of an image. Other schemes are not allowed, because a browser could run a `javascript:` URL."""
DomainName = Annotated[
    str,
    StringConstraints(strip_whitespace=False, min_length=1, max_length=MAX_DOMAIN_LENGTH),
    AfterValidator(_checked_domain),
    Documented({"pattern": DOMAIN_PATTERN}),
]
"""A domain name, in ASCII and lower case."""
