"""The countries and the kinds of addresses to which a site ships."""

from collections.abc import Sequence

from wecelebrate.core.errors import Invalid
from wecelebrate.core.problem_document import FieldError


class CountryNotShipped(Invalid):
    """This site does not ship to this country.

    The site names the countries to which it ships (`ship_to_countries`). `errors` lists them.

    Ask the customer for an address in one of these countries. `GET /v1/storefront/{domain}` shows them before the
    customer fills in a form. The client of the site can change them: `PATCH /v1/sites/{site_id}`.
    """

    code = "country_not_shipped"


class PoBoxNotShipped(Invalid):
    """This site does not ship to post office boxes.

    Most carriers cannot deliver a parcel to a post office box (`ship_to_po_boxes` of the site is false). A parcel
    locker, such as a Packstation, is accepted.

    Ask the customer for a street address or a parcel locker.
    """

    code = "po_box_not_shipped"


def not_shipped(countries: Sequence[str], pointer: str) -> CountryNotShipped:
    """Return the problem for a country that is not one of `countries`. `pointer` names the field."""
    detail = f"must be a country to which the site ships: {', '.join(countries)}"
    return CountryNotShipped(errors=[FieldError(pointer=pointer, detail=detail)])


def check_shipped(countries: Sequence[str] | None, country: str, pointer: str) -> None:
    """Raise CountryNotShipped if a country is not one of the countries of a site.

    If the countries are None, all are allowed.
    """
    if countries is not None and country not in countries:
        raise not_shipped(countries, pointer)
