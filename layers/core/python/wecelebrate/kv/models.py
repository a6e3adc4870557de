"""The models of the API for the key-value store."""

from typing import Literal

from pydantic import BaseModel, Field

Meaning = Literal[
    "client", "site", "catalog", "product", "order", "setting", "list", "derived", "log", "later", "secret", "unknown"
]


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
