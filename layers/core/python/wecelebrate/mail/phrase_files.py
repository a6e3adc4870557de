"""Reads the phrases of mails, in each language.

This module needs no third-party package, so that other Lambda functions can use it too.
"""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "phrases"


@lru_cache(maxsize=1)
def languages() -> frozenset[str]:
    """Return the languages that have a file of phrases."""
    return frozenset(file.stem for file in FOLDER.glob("*.toml"))


@lru_cache(maxsize=32)
def phrases(language: str) -> Mapping[str, str]:
    """Return the phrases of a language. Each key is the name of a phrase."""
    by_name: dict[str, str] = tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))
    return by_name
