"""The countries and the kinds of addresses to which a site ships."""

from collections.abc import Sequence

from wecelebrate.core.errors import Invalid
from wecelebrate.core.problem_document import FieldError


class CountryNotShipped(Invalid):
    """This site does not ship to this country.

    The field `ship_to_countries` of the site contains the countries to which the site ships. `errors` lists them.

    Ask the customer for an address in one of these countries. `GET /v1/storefront/{domain}` returns the countries, so
    that a form can offer only these. The client of the site can change the countries with `PATCH /v1/sites/{site_id}`.
    """

    code = "country_not_shipped"


class PoBoxNotShipped(Invalid):
    """This site does not ship to post office boxes.

    The field `ship_to_po_boxes` of the site is false. Most carriers cannot deliver a parcel to a post office box. A
    parcel locker, such as a Packstation, is accepted.

    Ask the customer for a street address or a parcel locker.
    """

    code = "po_box_not_shipped"


def not_shipped(countries: Sequence[str], pointer: str) -> CountryNotShipped:
    """Return the problem for a country that is not in `countries`. `pointer` is the JSON Pointer of the country's
    field.
    """
    detail = f"must be a country to which the site ships: {', '.join(countries)}"
    return CountryNotShipped(errors=[FieldError(pointer=pointer, detail=detail)])


def check_shipped(countries: Sequence[str] | None, country: str, pointer: str) -> None:
    """Raise CountryNotShipped if `country` is not in `countries`. If `countries` is None, every country is allowed."""
    if countries is not None and country not in countries:
        raise not_shipped(countries, pointer)
