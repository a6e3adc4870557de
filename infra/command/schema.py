"""The command `wecelebrate schema`: prints the complete database schema as SQL."""

import psycopg
import typer

from infra.local.control import running_endpoints
from infra.local.credentials import Credentials
from infra.local.endpoints import state_directory
from infra.local.postgres import DATABASE, SUPERUSER
from infra.local.schema_sql import schema_sql


def schema() -> None:
    """Print the complete schema of the local database as SQL. The file schema/schema.sql contains this output."""
    state = state_directory()
    host, _, port = running_endpoints(state).database.rpartition("@")[2].partition("/")[0].partition(":")
    password = Credentials.of(state).superuser
    with psycopg.connect(
        host=host, port=port, user=SUPERUSER, password=password, dbname=DATABASE, autocommit=True
    ) as connection:
        typer.echo(schema_sql(connection), nl=False)
