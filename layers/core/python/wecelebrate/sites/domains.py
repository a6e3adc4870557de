"""The domains of sites: which domains a site may claim, and how its client proves that it controls the domain.

Every site is reachable at `<slug>.<domain of the platform>`. A client can claim a domain for a site, even if another
client has claimed the same domain. An unverified claim has no effect, and other clients cannot see it. A site verifies
its domain with the TXT record `_wecelebrate.<domain>`. The domain leads to the site that verified it last.

A verification is valid until the domain of the site changes, or until another site verifies the domain. If the TXT
record is deleted, the site stays reachable. A new owner of a domain can always verify the domain, because the new owner
controls the TXT record.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Conflict, Forbidden, Invalid, TooManyRequests, Unavailable
from wecelebrate.core.outbound import Unreachable, dns
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.settings import settings
from wecelebrate.core.types import domain_name
from wecelebrate.sites.models import DomainVerification, Site

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

sql = queries(__file__)

RECORD_LABEL = "_wecelebrate"
MAX_LENGTH = 253 - len(f"{RECORD_LABEL}.")
"""The maximum length of a domain. The limit is needed because the name of the TXT record has at most 253 characters
(RFC 1035).
"""
SPECIAL_USE = frozenset(("localhost", "local", "internal", "invalid", "onion", "arpa", "alt", "lan", "home", "corp"))
"""The top-level domains that have no public hosts (RFC 6761, RFC 6762, RFC 7686, RFC 9476, and ICANN's
reservations)."""
_MAX_SHOWN_RECORDS = 5
_MAX_SHOWN_LENGTH = 100


class DomainNotVerified(Conflict):
    """The domain has no TXT record that names this site. Set the record, and try again when DNS has published it.

    The record proves that the client controls the domain. `detail` contains the required record, and the records that
    were found.

    Set the record at the DNS provider of the domain. DNS can need some minutes to publish the record. `GET
    /v1/sites/{site_id}/domain-verification` shows the name and the value of the record.

        _wecelebrate.gifts.example.com  TXT  "wecelebrate-site=…"
    """

    code = "domain_not_verified"


def check(domain: str) -> None:
    """Check that sites may claim a domain. If not, raises Invalid with the reason."""
    reason = refusal(domain)
    if reason:
        raise Invalid(errors=[FieldError(pointer="/domain", detail=reason)])


def refusal(domain: str) -> str | None:
    """Return the reason why sites may not claim a domain. If they may, return None. `domain` must be in lower case."""
    if domain_name(domain) != domain:
        return "must be a domain name, e.g. gifts.example.com"
    labels = domain.split(".")
    if labels[-1][0].isdigit():
        return "must be a domain name, not an IP address"
    if len(labels) < 2:
        return "must have at least two labels, e.g. gifts.example.com"
    if len(domain) > MAX_LENGTH:
        return f"must have at most {MAX_LENGTH} characters"
    if labels[-1] in SPECIAL_USE:
        return f"must be a public domain: .{labels[-1]} is reserved"
    suffixes = _public_suffixes()
    registrable = suffixes.privatesuffix(domain)
    if registrable is None:
        return "must not be a public suffix, under which anybody can register a domain"
    platform = settings().platform_domain
    if platform and (registrable == suffixes.privatesuffix(platform) or f".{domain}".endswith(f".{platform}")):
        return "must not be a domain of the platform: every site has a host there already"
    return None


def verification(tx: Transaction, site: Site) -> DomainVerification:
    """Return the host of a site, and the record that verifies its domain."""
    return DomainVerification(
        host=f"{site.slug}.{settings().platform_domain}",
        domain=site.domain,
        domain_verified_at=site.domain_verified_at,
        record_name=f"{RECORD_LABEL}.{site.domain}" if site.domain else None,
        record_value=_record_value(tx, site),
    )


def verify(tx: Transaction, site: Site) -> None:
    """Query the TXT record of a site's domain, and store that the domain is verified.

    Raises Invalid if the site has no domain, or if sites may not claim the domain. Raises DomainNotVerified if the
    record is missing. Raises Unavailable if DNS does not respond. Raises Forbidden if the caller may not change the
    site.

    Raises TooManyRequests if another domain of the client is being verified. Without this limit, a client with slow
    name servers could occupy all instances of the Lambda function.
    """
    if tx.context.role == "app_client" and site.client_id not in (tx.context.editor_ids or []):
        raise Forbidden
    if site.domain is None:
        raise Invalid(errors=[FieldError(pointer="/domain", detail="must be set before it can be verified")])
    check(site.domain)
    if not sql.lock_verification(tx, client_id=str(site.client_id)):
        raise TooManyRequests("Another domain of this client is being verified.", round(dns.TIMEOUT_SECONDS))
    name, expected = f"{RECORD_LABEL}.{site.domain}", _record_value(tx, site)
    try:
        records = dns.txt_records(name)
    except Unreachable as error:
        raise Unavailable(f"DNS cannot be read: {error}. Try again in a minute.") from error
    if expected not in (record.strip() for record in records):
        detail = f"needs the TXT record {name} with the text {expected}; {_describe(records)}"
        raise DomainNotVerified(errors=[FieldError(pointer="/domain", detail=detail)])
    if not sql.verify_domain(tx, site_id=site.id, domain=site.domain):
        raise Conflict("The domain of the site has changed. Read the site again.")


def _record_value(tx: Transaction, site: Site) -> str:
    return f"wecelebrate-site={sql.get_domain_token(tx, site_id=site.id)}"


def _describe(records: list[str]) -> str:
    """Describe the records that were found. Other characters than printable ASCII are replaced, because they could
    change how the text is displayed.
    """
    if not records:
        return "the name has no TXT record"
    shown = ("".join(letter if " " <= letter <= "~" else "?" for letter in record) for record in records)
    texts = ", ".join(f"'{record[:_MAX_SHOWN_LENGTH]}'" for record in list(shown)[:_MAX_SHOWN_RECORDS])
    return f"found {len(records)} other: {texts}"


@lru_cache(maxsize=1)
def _public_suffixes() -> "PublicSuffixList":
    # The list is loaded here, because loading takes 0.1 s, and only requests that set a domain need the list.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
