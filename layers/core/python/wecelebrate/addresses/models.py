"""The models of address formats."""

from pydantic import BaseModel, Field

from wecelebrate.addresses.rules import AddressField


class Region(BaseModel):
    """A state, province or other administrative area of a country."""

    code: str = Field(description="The key of the region, e.g. `CA`. Send it as `region` of the address.")
    name: str
    """The name of the region, in the language of the country."""
    latin_name: str | None = Field(description="The name in Latin letters. Null if `name` has Latin letters.")
    iso_code: str | None = Field(description="The ISO 3166-2 code, e.g. `US-CA`. Null if the region has none.")


class AddressFormat(BaseModel):
    """The format of a postal address in a country. Programs use it to build an address form."""

    country: str
    """The country, as an ISO 3166-1 alpha-2 code."""
    lines: list[list[AddressField]] = Field(
        description="The fields in the order that is usual in the country. Each list is one line of an address label."
    )
    required: list[AddressField]
    """The fields that an address in this country must have."""
    required_one_of: list[AddressField] = Field(
        description="Fields of which an address must have at least one. Empty if there is no such rule."
    )
    labels: dict[AddressField, str] = Field(
        description="The names of fields in the country, in English, for example `prefecture` or `ZIP code`."
    )
    regions: list[Region]
    """The regions of the country. Empty if addresses in this country have no region, or if any text is accepted."""
    region_must_be_listed: bool = Field(
        description="Whether `region` must be the code or the name of one of `regions`. If it is false, any text is "
        "accepted."
    )
    postal_code_pattern: str | None = Field(
        description="A regular expression for the whole postal code. Null if the country has no postal codes."
    )
    postal_code_examples: list[str]
    """Postal codes of the country. Empty if the country has no postal codes."""
