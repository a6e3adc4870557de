"""Creates the first super admin: an account in the user pool of staff, and a row in `admin_users`.

After that, the first super admin manages the staff through the API. The row is written through the Data API of the
database, with the master secret of RDS, because no user can sign in before this row exists.
"""

import json
from collections.abc import Sequence
from shlex import quote
from typing import Any

from infra.deploy.account import Account, AwsError
from infra.deploy.data_api import execute_as_master, query_as_master
from infra.deploy.stacks import stack_outputs

# A row with the same address and another id belongs to a deleted account, e.g. because its second factor was lost. The
# accounts of {gone} do not exist either. No user can sign in with a deleted account. Therefore its row must not prevent
# another account from becoming the first super admin.
STATEMENT = """
do $first_admin$
begin
  set local role app_migrate;
  update public.admin_users set is_active = false
    where role = 'super_admin' and is_active and user_id <> '{subject}'
      and (lower(email) = lower('{email}') or user_id in ({gone}));
  if exists (select from public.admin_users where role = 'super_admin' and is_active and user_id <> '{subject}') then
    raise exception '{refusal}';
  end if;
  insert into public.admin_users (user_id, email, role) values ('{subject}', '{email}', 'super_admin')
    on conflict (user_id) do update set role = excluded.role, is_active = true;
end
$first_admin$
"""

SUPER_ADMINS = "select user_id, email from public.admin_users where role = 'super_admin' and is_active"
_REFUSAL = "the platform has a super admin already"
"""The error of the statement if another super admin exists."""
_TRUSTED_STATES = ("CONFIRMED", "FORCE_CHANGE_PASSWORD")
"""The states of an account whose owner has verified the address or gets the password by mail."""


def create_first_admin(account: Account, email: str) -> str:
    """Create the first super admin, and return the id of the user. Cognito sends a mail with a temporary password.

    A repeated call with the same address changes nothing. The new super admin replaces super admins whose accounts were
    deleted, e.g. because the address was wrong. Raises AwsError if another super admin has an account, or if another
    person may have created the account.
    """
    from botocore.exceptions import ClientError

    outputs = stack_outputs(account, "identity")
    if outputs is None:
        event = json.dumps({"first_admin": email})
        raise AwsError(
            "the environment has no user pool, because its issuer is set by the operator: run this command, and accept "
            "the invitation with the code in result.json: aws lambda invoke"
            f" --function-name {account.environment.resource('deploy-migrate')} --cli-binary-format raw-in-base64-out"
            f" --payload {quote(event)} --region {account.environment.region} result.json"
        )
    subject = _user(account, outputs["StaffPool"], email)
    try:
        execute_as_master(account, statement(subject, email))
    except ClientError as error:
        if _REFUSAL not in str(error):
            raise
        gone = _deleted_admins(account, outputs["StaffPool"], subject)
        execute_as_master(account, statement(subject, email, gone))
    return subject


def statement(subject: str, email: str, gone: Sequence[str] = ()) -> str:
    """Return the SQL statement that makes a user the first super admin. It contains the values as literals.

    gone: the ids of the super admins whose accounts no longer exist.
    """
    ids = ", ".join(f"'{_quoted(each)}'" for each in (*gone, ""))  # `in` needs a value, and no user has an empty id
    return STATEMENT.format(subject=_quoted(subject), email=_quoted(email), gone=ids, refusal=_REFUSAL).strip()


def _deleted_admins(account: Account, pool: str, subject: str) -> list[str]:
    """Return the ids of all other super admins. Raises AwsError if one of them still has an account."""
    client = account.client("cognito-idp")
    rows = [row for row in query_as_master(account, SUPER_ADMINS, "app_migrate") if row[0] != subject]
    for id, email in rows:
        value = id.replace("\\", "").replace('"', "")
        if client.list_users(UserPoolId=pool, Filter=f'sub = "{value}"', Limit=1)["Users"]:
            raise AwsError(
                f"{_REFUSAL}: {email}. This person can invite others. If the address is wrong, or nobody can sign in"
                " with the account any more, delete it, and run the command again: aws cognito-idp admin-delete-user"
                f" --user-pool-id {pool} --username {quote(email)} --region {account.environment.region}"
            )
    return [id for id, _ in rows]


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
        existing = client.admin_get_user(UserPoolId=pool, Username=email)
        user = existing["UserAttributes"]
        _require_verified(account, pool, email, existing)
    return next(str(attribute["Value"]) for attribute in user if attribute["Name"] == "sub")


def _require_verified(account: Account, pool: str, email: str, user: dict[str, Any]) -> None:
    """Raise AwsError unless the owner of the address controls the account.

    Any person can register with any address. Only the owner of the address gets the mail with the code that verifies
    the address. Before the address is verified, another person can know the password of the account.
    """
    values = {attribute["Name"]: attribute["Value"] for attribute in user["UserAttributes"]}
    if user.get("UserStatus") in _TRUSTED_STATES and values.get("email_verified") == "true":
        return
    raise AwsError(
        f"the user pool has an account of {email} (state {user.get('UserStatus')}) whose address is not verified, so "
        "somebody else may know its password. Delete it, and run the command again: aws cognito-idp admin-delete-user"
        f" --user-pool-id {pool} --username {quote(email)} --region {account.environment.region}"
    )
