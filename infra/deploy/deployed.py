"""Checks that compare the checkout with the deployed environment: the release, and settings that must not change
later."""

import os

from infra.deploy import checkout
from infra.deploy.account import Account
from infra.deploy.stacks import (
    COGNITO,
    ISSUER_OUTPUT,
    PAUSED,
    RELEASE_OUTPUT,
    SCHEMA_OUTPUT,
    SETTINGS_OUTPUT,
    ZONES_OUTPUT,
    is_complete,
    is_finished,
    stack_outputs,
    stack_states,
)
from infra.environments import Environment
from infra.local.diagnosis import Finding
from infra.operator_settings import FOLDER

ROLLBACK_VARIABLE = "WECELEBRATE_ROLLBACK"
"""The environment variable that names the older release to which an operator wants to go back."""
FETCH_TAGS = "git fetch --tags origin"
"""The command that fetches the tags of all releases, also in a shallow clone."""
COST_TAG = "environment"
"""All resources have this tag. The budget uses it to find the costs of its environment."""


_WAITERS = {
    "CREATE_IN_PROGRESS": "stack-create-complete",
    "UPDATE_IN_PROGRESS": "stack-update-complete",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "stack-update-complete",
    "UPDATE_ROLLBACK_IN_PROGRESS": "stack-rollback-complete",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "stack-rollback-complete",
    "DELETE_IN_PROGRESS": "stack-delete-complete",
}
"""Maps a state in which CloudFormation is still changing a stack to the waiter of the AWS CLI for this state. States
that are missing here have no waiter.
"""
_REFUSED = {
    "UPDATE_ROLLBACK_FAILED": (
        "its rollback has failed: mend the cause that its events name, and continue the rollback",
        "continue-update-rollback",
    ),
    "DELETE_FAILED": ("its removal has failed: mend the cause that its events name, and delete it", "delete-stack"),
}
"""Maps a state in which CloudFormation does not update a stack to an advice for the operator, and to the command for
it.
"""


def check_stacks(account: Account) -> list[Finding]:
    """Find stacks that a deploy cannot change now. CloudFormation is still changing the stack, e.g. for an earlier
    deploy whose session has ended, or the stack first needs a command of an operator."""
    findings = []
    environment = account.environment
    for name, stack in stack_states(account).items():
        full, state, region = environment.resource(name), stack.state, environment.region
        message = f"{full} is {state}"
        if name == "data" and state == "DELETE_FAILED":
            # `destroy` deletes the database with a final snapshot. Deleting the stack in another way could lose the
            # data.
            text = "its removal has failed: mend the cause that its events name, and repeat the removal"
            findings.append(Finding("stacks", "problem", f"{message}: {text}", _destroy_command(environment)))
        elif state in _REFUSED:
            text, action = _REFUSED[state]
            fix = f"aws cloudformation {action} --stack-name {full} --region {region}"
            findings.append(Finding("stacks", "problem", f"{message}: {text}", fix))
        elif state.endswith("_IN_PROGRESS") and state != "REVIEW_IN_PROGRESS":
            waiter = _WAITERS.get(state)
            wait = f"aws cloudformation wait {waiter} --stack-name {full} --region {region}"
            fix = wait if waiter else f"wecelebrate status --env {environment.name}"
            text = "CloudFormation still changes it, also if the command that started this has ended: wait"
            findings.append(Finding("stacks", "problem", f"{message}: {text}", fix))
        elif state in PAUSED:
            text = "the last deploy has failed there, and this deploy continues it (--no-rollback)"
            findings.append(Finding("stacks", "warning", f"{message}: {text}"))
        elif state in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED"):
            text = "its first deploy was rolled back: CDK deletes it, and creates it again"
            findings.append(Finding("stacks", "warning", f"{message}: {text}"))
    return findings or [Finding("stacks", "ok", "no stack is being changed, and none has failed")]


def _destroy_command(environment: Environment) -> str:
    name = environment.name
    return f"wecelebrate destroy --env {name}{f' --delete-data-of {name}' if environment.permanent else ''}"


def check_release(account: Account) -> list[Finding]:
    """Compare the release of the checkout with the deployed release. A deploy must not go back by mistake. It must not
    skip a minor release, because a release is only tested on its own schema and on the schema of the next release."""
    environment, release = account.environment, checkout.release()
    outputs = stack_outputs(account, "monitoring")
    deployed = "nothing" if outputs is None else outputs.get(RELEASE_OUTPUT, "an unknown release")
    message = f"the checkout is {release}, and {deployed} is deployed"
    if wrong := _wrong_order(account, release, deployed):
        text, fix = wrong
        return [Finding("release", "problem" if environment.permanent else "warning", f"{message}: {text}", fix)]
    if environment.permanent and not checkout.is_tag(release):
        message += f"; {environment.name} should only get tags"
        return [Finding("release", "warning", message, "git checkout --force TAG")]
    return [Finding("release", "ok", message)]


def newest_release(account: Account, *others: str) -> str:
    """Return the newest release whose migrations the database can have. The candidates are the newest release whose
    deploy has begun, and `others`. If no candidate has a version, return the last release of `others`.

    The deployed release can be older, because a rollback does not undo migrations.
    """
    begun = (stack_outputs(account, "network") or {}).get(SCHEMA_OUTPUT, "unknown")
    versions = [(version, name) for name in (begun, *others) if (version := checkout.version_of(name))]
    return max(versions)[1] if versions else others[-1]


def _wrong_order(account: Account, release: str, deployed: str) -> tuple[str, str] | None:
    """Return why the release of the checkout may not follow the deployed release, and the command that helps. Return
    None if it may."""
    environment = account.environment
    new, old = checkout.version_of(release), checkout.version_of(deployed)
    if new is None and (old is not None or environment.permanent):
        text = "the checkout is not a release, so nobody knows whether this or a later deploy goes back or skips one"
        return text, f"{FETCH_TAGS}; git checkout --force TAG"
    if new is None or old is None:
        return None
    tags = checkout.tags()
    if new < old:
        newest = newest_release(account, deployed)
        skipped = checkout.skipped_minor(new, checkout.version_of(newest) or old, tags)
        return _wrong_rollback(release, deployed, newest, skipped)
    skipped = checkout.skipped_minor(old, new, tags)
    if skipped is None:
        return None
    text = f"a deploy would skip the minor release {skipped}, which must run on {environment.name} first"
    patches = [tag for tag in tags if tag.startswith(f"{skipped}.")]
    return text, f"git checkout --force {patches[-1]}" if patches else FETCH_TAGS


def _wrong_rollback(release: str, deployed: str, newest: str, skipped: str | None) -> tuple[str, str] | None:
    """Return why this rollback is not allowed, and the command that helps. Return None if it is allowed.

    newest: the release whose schema the database has. skipped: a minor release between `newest` and the checkout.
    """
    fix = f"git checkout --force {deployed if checkout.is_tag(deployed) else 'TAG'}"
    if skipped is not None:
        schema = "this schema" if newest == deployed else f"the schema of {newest}, which a rollback has kept"
        text = (
            f"a deploy would go back past the minor release {skipped}. A rollback goes back one minor release, because"
            f" an older one does not run on {schema}"
        )
        return text, fix
    if os.environ.get(ROLLBACK_VARIABLE) == release:
        return None
    return f"a deploy would go back to an older release. For a rollback, set {ROLLBACK_VARIABLE}={release}", fix


def changed_zones(account: Account) -> list[Finding]:
    """Find a change of the zones. The addresses of a subnet depend on the position of its zone in the list. A deploy
    with another list would therefore replace subnets that the database and the functions use.

    A first deploy can have created subnets in zones in which the database is not available. In this case, the operator
    keeps the new list and deletes the environment, which has no data yet.
    """
    environment = account.environment
    current = ", ".join(environment.zones)
    deployed = (stack_outputs(account, "network") or {}).get(ZONES_OUTPUT, current)
    if deployed == current:
        return []
    message = f"the subnets are in {deployed}, and cannot move to {current}"
    if not is_complete(account) and not is_finished(account, "data"):
        text = f"{message}: {environment.name} has no finished database, so destroy it first"
        return [Finding("zones", "problem", text, _destroy_command(environment))]
    message += ": take the old zones back"
    value = ", ".join(f'"{zone}"' for zone in deployed.split(", "))
    return [Finding("zones", "problem", message, checkout.setting_command(environment, "zones", f"[{value}]"))]


def check_issuer(account: Account) -> list[Finding]:
    """Compare the issuer with the deployed issuer. The rights of members and staff belong to account ids of one issuer,
    so nobody has any rights after a change of the issuer.

    An environment that was never deployed completely is not compared. Nobody uses this environment yet, and the issuer
    can be the reason why the first deploy failed.
    """
    environment = account.environment
    current = environment.settings.issuer or COGNITO
    deployed = (stack_outputs(account, "functions") or {}).get(ISSUER_OUTPUT, current)
    if deployed == current or not is_complete(account):
        return [Finding("issuer", "ok", f"tokens come from {current}")]
    message = (
        f"the accounts of all members belong to {deployed}: with {current}, nobody could use the platform any more"
    )
    if deployed != COGNITO:  # no output contains the audience, which belongs to the issuer
        message += ". Set `issuer`, `audience` and `jwks_url` as they were, or take the settings of the branch"
        return [Finding("issuer", "problem", message, checkout.TAKE_SETTINGS)]
    file = f"{checkout.SETTINGS}/{environment.name}.toml"
    return [Finding("issuer", "problem", message, f"sed -i.bak -E '/^(issuer|audience|jwks_url) *=/d' {file}")]


def lost_settings(account: Account) -> list[Finding]:
    """Find deployed settings that this checkout does not set. A deploy would reset these settings to their defaults.

    Only `dev` needs this check, because the settings of all other environments are compared with the branch.
    """
    environment = account.environment
    deployed = (stack_outputs(account, "monitoring") or {}).get(SETTINGS_OUTPUT, "")
    names = {name for name in deployed.split(", ") if name and name != "none"}
    lost = ", ".join(sorted(names - environment.settings.model_fields_set))
    if not lost:
        return []
    file = f"{checkout.SETTINGS}/{environment.name}.toml"
    if not (FOLDER / f"{environment.name}.toml").is_file():
        message = (
            f"{file} does not exist, and the deploy would reset {lost} to the default. If the defaults are right,"
            f" create an empty file: `mkdir -p {checkout.SETTINGS}; touch {file}`"
        )
        return [Finding("settings", "problem", message, checkout.TAKE_SETTINGS)]
    return [Finding("settings", "warning", f"{file} does not set {lost} any more, so the deploy resets it")]


def check_budget(account: Account) -> list[Finding]:
    """Warn if AWS does not count the costs of the environment, because its cost allocation tag is not active. The tag
    can be activated a day after the first deploy."""
    from botocore.exceptions import ClientError

    if stack_outputs(account, "monitoring") is None:
        return [Finding("budget", "ok", f"the first deploy creates a budget of {account.environment.budget} USD")]
    fix = f"aws ce update-cost-allocation-tags-status --cost-allocation-tags-status TagKey={COST_TAG},Status=Active"
    try:
        tags = account.client("ce").list_cost_allocation_tags(TagKeys=[COST_TAG], Status="Active")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        message = (
            f"AWS does not say whether the tag `{COST_TAG}` counts for costs ({code}). Otherwise the budget counts 0"
            " USD. In an organization, only the management account can activate the tag"
        )
        return [Finding("budget", "warning", message, fix)]
    if not tags["CostAllocationTags"]:
        message = (
            f"the tag `{COST_TAG}` does not count for costs, so the budget counts 0 USD and sends no alarm. In an"
            " organization, run the command with credentials of the management account"
        )
        return [Finding("budget", "warning", message, fix)]
    return [Finding("budget", "ok", f"AWS counts the costs, and the budget is {account.environment.budget} USD")]
