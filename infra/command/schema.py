"""The command `wecelebrate schema`: prints the complete database schema as SQL."""

import typer

from infra.command.api import local_cloud
from infra.command.errors import database_errors
from infra.command.help import LOCAL, command


@command("wecelebrate schema > layers/core/python/wecelebrate/schema/schema.sql", environment=LOCAL)
def schema() -> None:
    """Print the complete schema of the local database as SQL. The file schema/schema.sql contains this output.

    The command needs the local cloud.
    """
    cloud = local_cloud("schema")
    import psycopg

    from infra.local.credentials import Credentials
    from infra.local.postgres import DATABASE, SUPERUSER
    from infra.local.schema_sql import schema_sql

    host, _, port = cloud.endpoints.database.rpartition("@")[2].partition("/")[0].partition(":")
    password = Credentials.of(cloud.state).superuser
    with (
        database_errors(),
        psycopg.connect(
            host=host, port=port, user=SUPERUSER, password=password, dbname=DATABASE, autocommit=True
        ) as connection,
    ):
        typer.echo(schema_sql(connection), nl=False)
