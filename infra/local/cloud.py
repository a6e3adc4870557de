"""The whole local cloud: its parts, and the order in which the supervisor starts them.

In this diagram, lines lead from each part to the parts on its right that need it. A part starts when all parts that it
needs are ready. The two poolers are in parentheses, because they exist only if pgbouncer is installed.

postgres ─┬─ replica ─── (pool-reader) ─┐
          ├─ (pool-writer) ─────────────┤
          └─ migrations ────────────────┤
redis ─── upstash ──────────────────────┼─ functions ─── demo
aws ────────────────────────────────────┘
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from infra.bindings import Bindings
from infra.functions import FunctionSpec, encoded_routes, functions
from infra.local.aws import MAIL_CONFIGURATION_SET, MAIL_FROM, REGION, Aws
from infra.local.credentials import Credentials
from infra.local.endpoints import Endpoints, Ports, delete_endpoints, dns_directory
from infra.local.invocations import INVOCATIONS
from infra.local.pgbouncer import Pooler, find_pgbouncer
from infra.local.postgres import DATABASE, Postgres
from infra.local.processes import HEALTH, Process, http_ok
from infra.local.redis import Redis
from infra.local.supervisor import Event, Part, Supervisor
from infra.local.upstash import Upstash
from wecelebrate.kv.api_keys import hash_of

AUDIENCE = "wecelebrate"
PLATFORM_DOMAIN = "gifts.localhost"
"""The domain of the platform. Browsers resolve every name below `localhost` to this machine."""


class Cloud:
    """One local cloud, with all its parts."""

    def __init__(self, state: Path, ports: Ports, specs: Sequence[FunctionSpec] | None = None) -> None:
        self.state = state
        self.ports = ports
        self.specs = tuple(functions() if specs is None else specs)
        self.credentials = Credentials.of(state)
        self.postgres = Postgres(state, ports.postgres, ports.replica, self.credentials)
        self.pool_writer = self.pool_reader = None
        if pgbouncer := find_pgbouncer(self.postgres.account):
            self.pool_writer = Pooler("writer", pgbouncer, self.postgres.primary_server, ports.pooler_writer)
            self.pool_reader = Pooler("reader", pgbouncer, self.postgres.replica_server, ports.pooler_reader)
        self.redis = Redis(state, ports.redis, self.credentials)
        self.upstash = Upstash(self.redis, ports.upstash)
        # If this variable contains secrets, functions refuse requests without one of these secrets, as on AWS behind
        # CloudFront.
        self.origin_secrets = os.environ.get("WECELEBRATE_ORIGIN_SECRETS", "")
        # The test suite starts hundreds of function processes, and changes no code while they run.
        self.preload = os.environ.get("WECELEBRATE_PRELOAD") == "on"
        self.aws = Aws(state, ports.aws, self.specs)
        self.host = Process(
            "functions",
            [sys.executable, "-m", "infra.local.function_host", str(state / "functions.json")],
            state,
            lambda: http_ok(ports.api, HEALTH),
            ports={"api": ports.api, "issuer": ports.issuer},
        )

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.ports.issuer}"

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(
            api=f"http://127.0.0.1:{self.ports.api}",
            s3=self.aws.url,
            sqs=self.aws.url,
            database=self.postgres.primary_url,
            replica=self.postgres.replica_url,
            pooler_writer=self.pool_writer.url if self.pool_writer else None,
            pooler_reader=self.pool_reader.url if self.pool_reader else None,
            redis=self.redis.url,
            upstash=self.upstash.url,
            issuer=self.issuer,
        )

    @property
    def bindings(self) -> Bindings:
        """The addresses and settings from which the environment variables of the functions are created.

        The field `queues` is empty until the part `aws` has started.
        """
        return Bindings(
            environment="local",
            database_writer=self.pool_writer.address if self.pool_writer else self.postgres.primary,
            database_reader=self.pool_reader.address if self.pool_reader else self.postgres.replica,
            database_name=DATABASE,
            cache_url=self.upstash.url,
            cache_token=self.upstash.token,
            issuer=self.issuer,
            audience=AUDIENCE,
            jwks_url=f"{self.issuer}/.well-known/jwks.json",
            signing_key=self.credentials.signing_key,
            origin_secrets=self.origin_secrets,
            # A problem document must not contain the host of the request, because the local gateway accepts any Host
            # header.
            docs_url=f"http://127.0.0.1:{self.ports.api}",
            api_url=f"http://127.0.0.1:{self.ports.api}",
            routes=encoded_routes(self.specs),
            platform_domain=PLATFORM_DOMAIN,
            images_url=f"{self.aws.url}/{self.aws.buckets['images']}" if "images" in self.aws.buckets else "",
            queues=dict(self.aws.queues),
            buckets=dict(self.aws.buckets),
            mail_from=MAIL_FROM,
            mail_configuration_set=MAIL_CONFIGURATION_SET,
            mail_rate="14",
            passwords=dict(self.credentials.logins),
            kv_key_hashes=hash_of(self.credentials.kv_key),
            # Functions may send requests to 127.0.0.1, because developers run image servers and webhook endpoints on
            # this address. The verification of domains reads files instead of DNS. `wecelebrate dns` writes these
            # files.
            extra={
                **self.aws.environment,
                "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{self.ports.api}{INVOCATIONS}/{self.credentials.invocation_key}",
                "WC_OUTBOUND_ALLOW": "127.0.0.1",
                "WC_DNS_DIRECTORY": str(dns_directory(self.state)),
            },
        )

    def parts(self) -> list[Part]:
        """Return all parts, each with the names of the parts that it needs."""
        primary, replica = self.postgres.primary_server, self.postgres.replica_server
        pools = [
            Part(pool.process.name, pool.start, pool.process, needs=(pool.server.name,))
            for pool in (self.pool_writer, self.pool_reader)
            if pool
        ]
        needed = ("migrations", "replica", *(pool.name for pool in pools), "upstash", "aws")
        return [
            Part("postgres", primary.start, primary.process),
            Part("replica", replica.start, replica.process, needs=("postgres",)),
            *pools,
            Part("redis", self.redis.start, self.redis.process),
            Part("upstash", self.upstash.start, self.upstash.process, needs=("redis",)),
            Part("aws", self.aws.start, self.aws.process),
            Part("migrations", self.migrate, needs=("postgres",)),
            Part("functions", self.start_functions, self.host, needs=needed),
            Part("demo", self.load_demo, needs=("functions",)),
        ]

    def supervisor(self, on_event: Callable[[Event], None]) -> Supervisor:
        """Return a supervisor that runs all parts.

        The supervisor writes the file `endpoints.json` when the local cloud is up. The supervisor removes this file
        when the cloud stops or fails.
        """

        def handle(event: Event) -> None:
            if event.kind in ("failed", "stopping"):
                delete_endpoints(self.state)
            on_event(event)

        return Supervisor(self.parts(), self.state, handle, on_up=lambda: self.endpoints.save(self.state))

    def migrate(self) -> None:
        """Create the roles and logins, and apply new migrations. This method is idempotent."""
        from infra.local.database import prepare

        prepare(self.postgres.primary, self.credentials.superuser, DATABASE, self.credentials.logins)

    def start_functions(self) -> None:
        """Write the configuration file of the function host, and start the host."""
        from infra.local.database import wait_for_replica
        from infra.local.redis import declare_replica_current

        # Redis is empty now. After a loss of the data in Redis, functions normally do not read from the replica for a
        # minute, because they cannot know whether the replica has all recent changes. At this point, the replica has
        # all changes: no function has run yet, and `wait_for_replica` has waited until the replica has replayed all
        # changes. `declare_replica_current` writes a key to Redis, which tells the functions that they can read from
        # the replica.
        wait_for_replica(self.postgres.primary_url, self.postgres.replica_url)
        declare_replica_current(self.redis.url)
        configuration = self.state / "functions.json"
        configuration.touch(mode=0o600)
        configuration.write_text(
            json.dumps(
                {
                    "api_port": self.ports.api,
                    "issuer_port": self.ports.issuer,
                    "state": str(self.state),
                    "bindings": asdict(self.bindings),
                    "invocation_key": self.credentials.invocation_key,
                    "preload": self.preload,
                    "aws": {
                        "endpoint_url": self.aws.url,
                        "region": REGION,
                        "access_key": "test",
                        "secret_key": "test",
                    },
                }
            ),
            "utf-8",
        )
        self.host.start()

    def load_demo(self) -> None:
        """Load the demo data: clients, sites, catalogs and users. This method is idempotent."""
        from infra.local.demo import load

        load(self.endpoints)
