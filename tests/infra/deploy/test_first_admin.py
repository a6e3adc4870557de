"""Tests how the first super admin is created. A local PostgreSQL server executes the statement instead of the Aurora
cluster."""

from collections.abc import Iterator
from dataclasses import replace

import boto3
import psycopg
import pytest
from botocore.stub import ANY, Stubber

from infra.aws.data import bootstrap_sql
from infra.deploy.account import Account, AwsError
from infra.deploy.data_api import execute_as_master, live_cluster
from infra.deploy.first_admin import SUPER_ADMINS, create_first_admin, statement
from infra.environments import get_environment
from infra.local.postgres import Postgres
from infra.operator_settings import OperatorSettings
from tests.infra.aws.test_bootstrap import PASSWORD, cluster, connect, url
from wecelebrate.schema import migrate

__all__ = ["cluster"]

SUBJECT, OTHER = "5f7d0b0e-1111-4222-8333-444455556666", "6a8e1c1f-1111-4222-8333-444455556666"


@pytest.fixture(scope="module")
def migrated(cluster: Postgres) -> Iterator[Postgres]:
    """A PostgreSQL server in the state of an Aurora cluster after the first deploy."""
    with connect(cluster, "master") as master:
        master.execute(bootstrap_sql().encode())
    with psycopg.connect(cluster.primary_url, autocommit=True) as superuser:
        superuser.execute(f"alter role wc_migrate password '{PASSWORD}'")
    migrate(url(cluster, "wc_migrate"))
    yield cluster


def admins(cluster: Postgres) -> list[tuple[str, str, str]]:
    with psycopg.connect(cluster.primary_url) as superuser:
        return superuser.execute("select user_id, email, role from admin_users").fetchall()


def test_the_master_user_can_create_only_one_super_admin(migrated: Postgres) -> None:
    with connect(migrated, "master") as master:
        for _ in range(2):
            master.execute(statement(SUBJECT, "o'hara@example.com").encode())
        assert admins(migrated) == [(SUBJECT, "o'hara@example.com", "super_admin")]
        with pytest.raises(psycopg.errors.RaiseException, match="has a super admin already"):
            master.execute(statement(OTHER, "eve@example.com").encode())
    assert len(admins(migrated)) == 1


def test_a_recreated_account_replaces_the_previous_admin_with_the_same_email_address(
    migrated: Postgres,
) -> None:
    with connect(migrated, "master") as master:
        master.execute(statement(SUBJECT, "o'hara@example.com").encode())
        master.execute(statement(OTHER, "O'Hara@example.com").encode())
    with psycopg.connect(migrated.primary_url) as superuser:
        rows = superuser.execute("select user_id, is_active from admin_users").fetchall()
    assert sorted(rows) == [(SUBJECT, False), (OTHER, True)]


def test_a_new_super_admin_replaces_super_admins_with_deleted_accounts(migrated: Postgres) -> None:
    third = "7b9f2d2f-1111-4222-8333-444455556666"
    with connect(migrated, "master") as master:
        with pytest.raises(psycopg.errors.RaiseException, match="has a super admin already"):
            master.execute(statement(third, "ben@example.com").encode())
        with master.transaction():  # with the role that `query_as_master` sets
            master.execute("set local role app_migrate")
            active = [str(id) for id, _ in master.execute(SUPER_ADMINS.encode()).fetchall()]
        assert active == [OTHER]
        master.execute(statement(third, "ben@example.com", active).encode())
    with psycopg.connect(migrated.primary_url) as superuser:
        rows = superuser.execute("select user_id from admin_users where is_active").fetchall()
    assert rows == [(third,)]


def test_an_email_address_cannot_inject_sql_into_the_statement() -> None:
    sql = statement(SUBJECT, "x'); drop table orders; $first_admin$ --@example.com")
    assert sql.count("$first_admin$") == 2
    assert "x''); drop" in sql


def account(**operations: object) -> Account:
    """An account with a deployed environment. Each keyword argument replaces the response of a Cognito operation."""
    account = Account(get_environment("dev", {"settings_folder": "/nonexistent"}.get))
    keys = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    stacks, cognito, rds, data = (
        boto3.client(name, **keys)  # type: ignore[call-overload]
        for name in ("cloudformation", "cognito-idp", "rds", "rds-data")
    )
    stub = Stubber(stacks)
    outputs = [{"OutputKey": "StaffPool", "OutputValue": "us-east-1_pool"}]
    if operations.pop("deployed", True):
        stack = {"StackName": "wecelebrate-dev-identity", "StackStatus": "CREATE_COMPLETE", "Outputs": outputs}
        stub.add_response("describe_stacks", {"Stacks": [stack | {"CreationTime": "2026-11-27T00:00:00Z"}]})
    else:
        stub.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
    stub.activate()
    stub = Stubber(cognito)
    attributes = [{"Name": "sub", "Value": SUBJECT}]
    if operations.pop("known", False):
        stub.add_client_error("admin_create_user", "UsernameExistsException")
        verified = {"Name": "email_verified", "Value": operations.pop("verified", "true")}
        user = {"UserStatus": operations.pop("state", "CONFIRMED"), "UserAttributes": [*attributes, verified]}
        stub.add_response("admin_get_user", {"Username": "ada@example.com", **user})
    else:
        sent = {
            "UserPoolId": "us-east-1_pool", "Username": "ada@example.com", "DesiredDeliveryMediums": ["EMAIL"],
            "UserAttributes": ANY,
        }  # fmt: skip
        stub.add_response("admin_create_user", {"User": {"Attributes": attributes}}, sent)
    if operations.get("other"):
        users = [{"Username": "u"}] if operations["other"] == "exists" else []
        filtered = {"UserPoolId": "us-east-1_pool", "Filter": f'sub = "{OTHER}"', "Limit": 1}
        stub.add_response("list_users", {"Users": users}, filtered)
    stub.activate()
    stub = Stubber(rds)
    # After a restore, the platform uses a different cluster than the declared cluster.
    target = {"RdsResourceId": "wecelebrate-dev-restored", "Type": "TRACKED_CLUSTER"}
    instance = {"RdsResourceId": "one", "TrackedClusterId": "wecelebrate-dev-restored", "Type": "RDS_INSTANCE"}
    targets = operations.pop("targets", [target, instance])
    cluster = {"DBClusterArn": "arn:aws:rds:cluster", "DatabaseName": "wecelebrate"}
    other = operations.pop("other", None)
    for _ in range(3 if other else 1):
        stub.add_response("describe_db_proxy_targets", {"Targets": targets}, {"DBProxyName": "wecelebrate-dev-proxy"})
        stub.add_response(
            "describe_db_clusters",
            {"DBClusters": [cluster | {"MasterUserSecret": {"SecretArn": "arn:aws:secret"}}]},
            {"DBClusterIdentifier": "wecelebrate-dev-restored"},
        )
    stub.activate()
    stub = Stubber(data)
    sent = {
        "resourceArn": "arn:aws:rds:cluster", "secretArn": "arn:aws:secret", "database": "wecelebrate",
        "sql": statement(SUBJECT, "ada@example.com"),
    }  # fmt: skip
    if other:
        refused = "ERROR: the platform has a super admin already; SQLState: P0001"
        stub.add_client_error("execute_statement", "DatabaseErrorException", refused, expected_params=sent)
        connection = {"resourceArn": sent["resourceArn"], "secretArn": sent["secretArn"]}
        transaction = connection | {"database": "wecelebrate"}
        stub.add_response("begin_transaction", {"transactionId": "t"}, transaction)
        query = transaction | {"transactionId": "t"}
        stub.add_response("execute_statement", {}, query | {"sql": "set local role app_migrate"})
        rows = [[{"stringValue": OTHER}, {"stringValue": "typo@example.com"}]]
        stub.add_response("execute_statement", {"records": rows}, query | {"sql": SUPER_ADMINS})
        stub.add_response("rollback_transaction", {}, connection | {"transactionId": "t"})
        sent = sent | {"sql": statement(SUBJECT, "ada@example.com", [OTHER])}
    stub.add_response("execute_statement", {}, sent)
    stub.activate()
    account._clients |= {"cloudformation": stacks, "cognito-idp": cognito, "rds": rds, "rds-data": data}
    return account


@pytest.mark.parametrize("known", [False, True])
def test_the_user_of_the_staff_pool_becomes_an_admin(known: bool) -> None:
    assert create_first_admin(account(known=known), "ada@example.com") == SUBJECT


@pytest.mark.parametrize(
    ("state", "verified"), [("UNCONFIRMED", "false"), ("CONFIRMED", "false"), ("RESET_REQUIRED", "true")]
)
def test_an_account_that_another_person_could_have_created_is_refused(state: str, verified: str) -> None:
    with pytest.raises(AwsError, match=r"admin-delete-user --user-pool-id us-east-1_pool --username ada@example\.com "):
        create_first_admin(account(known=True, state=state, verified=verified), "ada@example.com")


def test_an_account_with_an_unused_temporary_password_is_accepted() -> None:
    assert create_first_admin(account(known=True, state="FORCE_CHANGE_PASSWORD"), "ada@example.com") == SUBJECT


def test_a_super_admin_with_a_deleted_account_can_be_replaced() -> None:
    assert create_first_admin(account(other="deleted"), "ada@example.com") == SUBJECT


def test_a_super_admin_with_an_account_is_not_replaced() -> None:
    with pytest.raises(
        AwsError, match=r"typo@example\.com.*admin-delete-user --user-pool-id us-east-1_pool --username typo@example"
    ):
        create_first_admin(account(other="exists"), "ada@example.com")


def test_the_first_admin_command_reports_that_the_environment_has_no_user_pool() -> None:
    with pytest.raises(AwsError, match=r"no user pool.*--function-name wecelebrate-dev-deploy-migrate .*ada@example"):
        create_first_admin(account(deployed=False), "ada@example.com")


@pytest.mark.parametrize("proxy", ["bypass", "off"])
def test_the_statement_runs_in_the_declared_cluster_if_the_proxy_is_not_used(proxy: str) -> None:
    settings = OperatorSettings.model_validate({"proxy": proxy})
    account = Account(replace(get_environment("dev", {"settings_folder": "/nonexistent"}.get), settings=settings))
    # This makes no AWS call, because the account has no clients.
    assert live_cluster(account) == "wecelebrate-dev-database"


@pytest.mark.parametrize("clusters", [[], ["wecelebrate-dev-database", "wecelebrate-dev-restored"]])
def test_nothing_is_written_if_the_live_cluster_is_unknown(clusters: list[str]) -> None:
    targets = [{"RdsResourceId": cluster, "Type": "TRACKED_CLUSTER"} for cluster in clusters]
    with pytest.raises(AwsError, match=f"the target {', '.join(clusters) or 'no cluster'}, so nothing was changed"):
        execute_as_master(account(targets=targets), "select 1")
