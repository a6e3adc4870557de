"""Loads the demo data, so that the first requests of a developer return rows."""

from pathlib import Path

import psycopg

from infra.local.endpoints import Endpoints

_DEMO_SQL = Path(__file__).with_name("demo.sql")


def load(endpoints: Endpoints) -> None:
    """Load the demo data into the primary. Rows that already exist are not changed."""
    with psycopg.connect(endpoints.database) as connection:
        connection.execute(_DEMO_SQL.read_bytes())
