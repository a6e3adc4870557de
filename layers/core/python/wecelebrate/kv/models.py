"""The models of the API for the key-value store."""

from typing import Literal

from pydantic import BaseModel, Field

Meaning = Literal[
    "client", "site", "catalog", "product", "order", "setting", "list", "derived", "log", "later", "secret", "unknown"
]
Entity = Literal["client", "site", "catalog", "product", "order"]


class KeyFamily(BaseModel):
    """The documents whose keys have the same form."""

    family: str = Field(description="The form of the keys, e.g. `gift:<id>`. `other` stands for all unknown keys.")
    meaning: Meaning = Field(
        description="What becomes of the documents: an entity of the platform, a `setting` of a site, a `list` or a "
        "`derived` copy of other documents, a `log`, an object of a `later` part of the platform, a `secret`, which "
        "the platform never shows or copies, or `unknown`."
    )
    documents: int = Field(description="The number of documents.")
    bytes: int = Field(description="The stored size of the values, in bytes.")


class KeyFamilies(BaseModel):
    """All families of which the store contains documents."""

    data: list[KeyFamily]
    """The families, sorted by name."""


class InspectedDocument(BaseModel):
    """What is known of a document without its value. A token is a short hash: equal texts have equal tokens."""

    key: str
    """The key of the document."""
    family: str
    """The form of the key, as in the list of families."""
    entity: Literal["client", "site", "catalog", "product", "order", "list"]
    """What becomes of the document."""
    id: str = Field(description="The token of the id that the old applications use.")
    form: int = Field(description="If an entity has several keys, the key with the least form becomes the row.")
    content: str = Field(description="The token of the value.")
    damage: list[str] = Field(default=[], description="The kinds of damage that this document alone shows.")
    references: dict[str, str] = Field(
        default={}, description="Tokens of what the document refers to or what must be unique, e.g. `site` or `sku`."
    )
    lists: Entity | None = Field(default=None, description="For a list: the entity of its entries.")
    entries: list[str] = Field(default=[], description="For a list: the tokens of the ids.")
    first_entry: int = Field(
        default=0, description="The position of the first entry. A long list continues on the next page."
    )
