"""E-mail addresses in the form that SES accepts: the part before the `@` is ASCII, and the domain is encoded with IDNA.

The package `email-validator` implements RFC 5321, 5322, 5891 and 6531. Addresses are checked without DNS, because the
result must not depend on a name server. The part before the `@` keeps its upper and lower case, because a mail server
may distinguish them (RFC 5321, section 2.4). In practice no mail server does so, and therefore comparisons ignore case.
"""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from wecelebrate.core import host_names
from wecelebrate.core.types.schema import Documented

MAX_EMAIL_LENGTH = 254
"""The length of the longest e-mail address that RFC 5321 allows, without the angle brackets."""
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOTS = r".\u3002\uff0e\uff61"
"""The characters that IDNA treats as a full stop."""
_LABEL = rf"[^\s@{_DOTS}]+"
EMAIL_PATTERN = rf"^{_ATOM}(\.{_ATOM})*@{_LABEL}([{_DOTS}]{_LABEL})+$"


def email_address(value: object) -> str | None:
    """Return an e-mail address with its domain in ASCII and lower case. Return None if it is not an e-mail address."""
    from email_validator import EmailNotValidError, validate_email  # This import takes 30 ms.

    if not isinstance(value, str) or len(value) > MAX_EMAIL_LENGTH:
        return None
    local, at, domain = value.rpartition("@")
    try:
        # The package would remove invisible characters, but `to_ascii` refuses them.
        value = local + at + host_names.to_ascii(domain)
    except ValueError:
        return None
    try:
        # `test_environment` allows the domains under `.test`, which nobody can register (RFC 6761).
        address = validate_email(
            value, check_deliverability=False, allow_smtputf8=False, test_environment=True, strict=True
        ).ascii_email
    except EmailNotValidError:
        return None
    if address is None or len(address) > MAX_EMAIL_LENGTH:
        return None
    has_top_level_domain = "." in address.rpartition("@")[2]
    return address if has_top_level_domain else None


def _checked_email(value: str) -> str:
    address = email_address(value)
    if address is None:
        raise ValueError("must be an e-mail address, e.g. name@example.com")
    return address


EmailAddress = Annotated[
    str,
    StringConstraints(strip_whitespace=False, max_length=MAX_EMAIL_LENGTH),
    AfterValidator(_checked_email),
    Documented({"pattern": EMAIL_PATTERN}),
]
"""An e-mail address. Compare two addresses in lower case."""
