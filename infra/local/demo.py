"""A small demo, so that a first request has something to answer."""

from pathlib import Path

import psycopg

from infra.local.endpoints import Endpoints

_DEMO = Path(__file__).with_name("demo.sql")


def load(endpoints: Endpoints) -> None:
    """Load the demo into the primary. What is there already stays as it is."""
    with psycopg.connect(endpoints.database) as connection:
        connection.execute(_DEMO.read_bytes())
