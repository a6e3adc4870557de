"""Lets the first member of staff in: an account in the user pool of staff, and a row in `admin_users`.

After that, staff is managed through the API. The row is written through the Data API of the database, with the master
secret of RDS, because nobody can sign in before it exists.
"""

from typing import Any

from infra.deploy.account import Account, AwsError
from infra.deploy.stacks import stack_outputs

STATEMENT = """
do $first_admin$
begin
  set local role app_migrate;
  if exists (select from public.admin_users where role = 'super_admin' and is_active and user_id <> '{subject}') then
    raise exception 'the platform has a super admin already';
  end if;
  insert into public.admin_users (user_id, email, role) values ('{subject}', '{email}', 'super_admin')
    on conflict (user_id) do update set role = excluded.role, is_active = true;
end
$first_admin$
"""


def create_first_admin(account: Account, email: str) -> str:
    """Create the first super admin, and return the id of the user. Cognito sends a mail with a temporary password.

    A repeated call with the same address changes nothing. Raises AwsError if the platform has another super admin.
    """
    outputs = stack_outputs(account, "identity")
    if outputs is None:
        event = '{"first_admin": "' + email + '"}'
        raise AwsError(
            "the environment has no user pool, because its issuer is set by the operator: invoke the function "
            f"{account.environment.resource('deploy-migrate')} with the event {event}, and accept the invitation with "
            "the code in its result"
        )
    subject = _user(account, outputs["StaffPool"], email)
    _insert(account, subject, email)
    return subject


def statement(subject: str, email: str) -> str:
    """Return the SQL statement that makes a user the first super admin. The Data API takes no parameters in `do`."""
    return STATEMENT.format(subject=_quoted(subject), email=_quoted(email)).strip()


def _quoted(text: str) -> str:
    return text.replace("'", "''").replace("$", "")


def _user(account: Account, pool: str, email: str) -> str:
    client = account.client("cognito-idp")
    attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    try:
        user = client.admin_create_user(
            UserPoolId=pool, Username=email, UserAttributes=attributes, DesiredDeliveryMediums=["EMAIL"]
        )["User"]["Attributes"]
    except client.exceptions.UsernameExistsException:
        user = client.admin_get_user(UserPoolId=pool, Username=email)["UserAttributes"]
    return next(str(attribute["Value"]) for attribute in user if attribute["Name"] == "sub")


def _insert(account: Account, subject: str, email: str) -> None:
    cluster: dict[str, Any] = account.client("rds").describe_db_clusters(
        DBClusterIdentifier=account.environment.resource("database")
    )["DBClusters"][0]
    account.client("rds-data").execute_statement(
        resourceArn=cluster["DBClusterArn"],
        secretArn=cluster["MasterUserSecret"]["SecretArn"],
        database=cluster["DatabaseName"],
        sql=statement(subject, email),
    )
