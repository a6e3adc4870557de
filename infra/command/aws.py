"""The commands for a platform on AWS: `preflight`, `deploy`, `destroy`, `first-admin`, `sign-in`."""

import json
import os
import re
from dataclasses import asdict
from shlex import quote
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from infra.command import output
from infra.command.errors import BadUsage, ExitCode
from infra.command.help import command
from infra.command.output import JsonOption
from infra.command.target import (
    API_VARIABLE,
    ENV_VARIABLE,
    NAMED,
    SIGNED_IN_VARIABLE,
    TOKEN_VARIABLE,
)
from infra.environments import Environment, get_environment
from infra.functions import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.deploy.account import Account
    from infra.local.diagnosis import Finding

BUCKET_VARIABLE = "WECELEBRATE_DROPS_BUCKET"
AWS = ("AWS_PROFILE", "WECELEBRATE_ENV", "NO_COLOR")
"""The variables of the commands that call AWS."""

DEFAULT = "dev"
"""The environment of a command if no option and no sign-in of this shell names an environment."""

EnvironmentOption = Annotated[
    str | None,
    typer.Option("--env", help="The environment: dev, staging or prod. The default is dev.", show_default=False),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def environment_named(option: str | None) -> Environment:
    """Return the environment that the option of a command or `wecelebrate --env` names. The default is dev.

    Raises BadUsage if the two options name different environments, or if this shell is signed in to an environment that
    is not the default.
    """
    named, signed_in = NAMED.get(), os.environ.get(ENV_VARIABLE)
    if option and named and option != named:
        raise BadUsage(f"`wecelebrate --env {named}` and `--env {option}` name different environments")
    if not (option or named) and signed_in and signed_in != DEFAULT:
        raise BadUsage(
            f"this shell is signed in to {signed_in}, and the default of this command is {DEFAULT}: name the"
            " environment with --env"
        )
    try:
        return get_environment(option or named or DEFAULT)
    except ValueError as error:
        raise BadUsage(str(error)) from error


@command(
    "wecelebrate preflight --env dev",
    "wecelebrate preflight --env prod --json | jq '.data[] | select(.fix)'",
    environment=(*AWS, "WECELEBRATE_ROLLBACK"),
)
def preflight(env: EnvironmentOption = None, as_json: JsonOption = False) -> None:
    """Check whether the AWS account has everything that a deploy needs, and print the commands that fix each problem.

    The command changes nothing. The exit code is 1 if a problem exists. Warnings do not change the exit code.
    """
    environment = environment_named(env)
    if as_json:
        findings = list(_findings(environment))
        output.print_json_list([asdict(finding) for finding in findings])
        problems = sum(finding.state == "problem" for finding in findings)
    else:
        problems = _problems(environment)
    if problems:
        raise typer.Exit(ExitCode.FAILED)


def _findings(environment: Environment) -> "Iterator[Finding]":
    from infra.deploy.account import Account
    from infra.deploy.preflight import preflight

    return preflight(Account(environment, may_be_unnamed=True))


def _problems(environment: Environment) -> int:
    """Print the results of all checks, and return the number of problems."""
    problems = 0
    for finding in _findings(environment):
        problems += finding.state == "problem"
        mark, color = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}[finding.state]
        output.marked(mark, color, f"{finding.check:<13}{output.printable(finding.message)}")
        if finding.fix:
            output.result(f"  {'':<13}→ {output.printable(finding.fix)}")
    return problems


@command(
    "wecelebrate deploy --env dev",
    "wecelebrate deploy --env prod --no-rollback",
    environment=(*AWS, "WECELEBRATE_ROLLBACK"),
)
def deploy(
    env: EnvironmentOption = None,
    no_rollback: Annotated[
        bool, typer.Option("--no-rollback", help="Keep what exists if a step fails, and continue the next time.")
    ] = False,
) -> None:
    """Check the account, deploy all stacks, and print the URLs of the platform.

    The command can be run again, because it does not change resources that are already up to date. The first deploy
    always runs as with --no-rollback, because a rollback could not delete a protected database. The command refuses an
    account that only has the stacks of other environments. While the maintenance mode is on, it deploys everything
    except CloudFront, and the environment stays closed.
    """
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.checkout import release
    from infra.deploy.deployed import newest_release
    from infra.deploy.engine import ENGINE_CONTEXT, version_to_deploy
    from infra.deploy.stacks import (
        PAUSED,
        RELEASE_OUTPUT,
        SCHEMA_OUTPUT,
        apis_that_lose_paths,
        deploy_commands,
        is_complete,
        run_cdk,
        stack_outputs,
        stack_states,
    )

    environment = environment_named(env)
    if _problems(environment):
        output.failure("nothing was deployed: fix the problems first")
        raise typer.Exit(ExitCode.FAILED)
    outputs = ROOT / "cdk.out" / f"outputs-{environment.name}.json"
    outputs.parent.mkdir(exist_ok=True)
    options = ["--require-approval", "never", "--progress", "events", "--outputs-file", str(outputs)]
    version = release()
    options += ["-c", f"{RELEASE_OUTPUT}={version}"]
    with aws_errors():
        account = Account(environment)
        states = stack_states(account)
        paused = sorted(name for name, stack in states.items() if stack.state in PAUSED)
        complete = is_complete(account)
        losing = apis_that_lose_paths(account)
        deployed = (stack_outputs(account, "monitoring") or {}).get(RELEASE_OUTPUT, version)
        options += ["-c", f"{SCHEMA_OUTPUT}={newest_release(account, deployed, version)}"]
        options += ["-c", f"{ENGINE_CONTEXT}={version_to_deploy(account)}"]
        closed = "edge" in states and _mark_rules(account)
    if no_rollback or paused or not complete:
        options.append("--no-rollback")
    if paused:
        output.note(f"the last deploy has failed in {', '.join(paused)}, and this deploy continues it (--no-rollback)")
    if losing:
        output.note(f"paths move away from {', '.join(sorted(losing))}, so CloudFront is updated first")
    if closed:
        output.note("the maintenance mode is on, so CloudFront and its firewall are not deployed")
    try:
        for cdk_deploy in deploy_commands(environment, losing, *options, closed=closed):
            if run_cdk(cdk_deploy):
                output.failure("the deploy failed: fix the cause that CDK printed, and run the same command again")
                raise typer.Exit(ExitCode.FAILED)
    finally:
        restored = _restore_rules(account)
    if closed:
        output.success(f"{version} is deployed behind the maintenance mode")
        output.warning(f"`wecelebrate maintenance off --env {environment.name}`, and then deploy again")
    else:
        output.success(f"{environment.name} is deployed with the release {version}")
        output.print_details(_addresses(environment, json.loads(outputs.read_text("utf-8"))))
    if not restored:
        raise typer.Exit(ExitCode.FAILED)


def _mark_rules(account: "Account") -> bool:
    """Record which rules of operators exist before the deploy. Return whether the maintenance mode is on."""
    from infra.deploy import blocklist, maintenance
    from infra.deploy.firewall import mark_rule

    for rule in (blocklist.RULE, maintenance.RULE):
        mark_rule(account, rule)
    return maintenance.is_closed(account)


def _restore_rules(account: "Account") -> bool:
    """Restore the operators' rules that the deploy has removed from the firewall.

    The rules can be missing even if the deploy has failed, because the stack of the firewall can be complete before
    another stack fails.

    Return whether all rules exist now. If an error occurs, e.g. because the operator's session has ended during the
    deploy, the function only prints it. The command still has to print the result of the deploy.
    """
    from infra.deploy import blocklist, maintenance
    from infra.deploy.account import AwsError, aws_errors

    name = account.environment.name
    texts = {
        blocklist: "the addresses are blocked again",
        maintenance: f"the environment is closed again: `wecelebrate maintenance off --env {name}` opens it",
    }
    try:
        with aws_errors():
            for rules, text in texts.items():
                if rules.restore_rule(account):
                    output.warning(f"the deploy has changed the firewall, so {text}")
    except AwsError as error:
        output.failure(
            f"it is not known whether the deploy has removed blocked addresses or the maintenance mode ({error}): sign"
            f" in to AWS again, and run `wecelebrate status --env {name}`, which shows lost rules"
        )
        return False
    return True


def _addresses(environment: Environment, stacks: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return the stack outputs that an operator needs. The keys of the result are labels for people."""
    values = {
        "API": ("edge", "url"),
        "CNAME of its domain": ("edge", "target"),
        "console": ("storage", "ConsoleUrl"),
        "CNAME of the console": ("storage", "ConsoleTarget"),
        "sign-in of staff": ("identity", "StaffSignIn"),
        "sign-in of customers": ("identity", "CustomersSignIn"),
    }
    outputs = {text: stacks.get(environment.resource(stack), {}).get(key) for text, (stack, key) in values.items()}
    return {text: value for text, value in outputs.items() if value}


@command("wecelebrate destroy --env dev", "wecelebrate destroy --env staging --delete-data-of staging", environment=AWS)
def destroy(
    env: EnvironmentOption = None,
    delete_data_of: Annotated[
        str | None, typer.Option(metavar="NAME", help="The name again, for a permanent environment: staging or prod.")
    ] = None,
    yes: YesOption = False,
) -> None:
    """Delete an environment with all of its data, and report what remains.

    A permanent environment needs --delete-data-of. Its database is deleted with a final snapshot. The network
    interfaces of the functions can delay the deletion by 20 minutes. After an error, run the command again. The command
    fails if the account has no stacks of the environment, or if the credentials may not list the stacks.
    """
    from infra.deploy import blocklist, firewall, maintenance, permanent
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.destroy import delete_logs, empty_buckets, remaining, require_own_account
    from infra.deploy.stacks import cdk_command, run_cdk

    environment = environment_named(env)
    if environment.permanent and delete_data_of != environment.name:
        raise BadUsage(
            f"{environment.name} is permanent: --delete-data-of {environment.name} deletes it with all of its data"
        )
    account = Account(environment)
    buckets: list[str] | None = None
    with aws_errors():
        _print_others(require_own_account(account))
        _print_kept(account)
        output.confirm(f"Delete {environment.name} in the account {account.id} with all of its data?", yes)
        if environment.permanent:
            for stack in permanent.unprotect_stacks(account):
                output.step(f"{stack}: protection disabled")
            if snapshot := permanent.delete_database(account):
                output.step(f"the database is deleted; its snapshot is {snapshot}")
            buckets = permanent.kept_buckets(account)
        for bucket, versions in empty_buckets(account, buckets):
            output.step(f"{bucket}: {versions} versions deleted")
    if run_cdk(cdk_command(environment, "destroy", "--force")):
        output.failure("the deletion failed: run the same command again")
        raise typer.Exit(ExitCode.FAILED)
    with aws_errors():
        if environment.permanent:
            for name in (*permanent.delete_buckets(account), *permanent.delete_user_pools(account)):
                output.step(f"{name} deleted")
        firewall.delete_ip_sets_of(account, (blocklist.RULE, maintenance.RULE))
        for name in delete_logs(account):
            output.step(f"{name} deleted")
        resources = remaining(account)
    if resources:
        output.warning("these resources still exist; some services report deleted resources for hours:")
        for arn in resources:
            output.result(arn)
    else:
        output.success(f"{environment.name} is deleted, and nothing remains")


def _print_others(environments: "Iterable[str]") -> None:
    for name in sorted(environments):
        output.warning(f"the account also has the stacks of {name}, which are kept")


def _print_kept(account: "Account") -> None:
    """Print the buckets and user pools that are deleted with a permanent environment, before the operator confirms the
    deletion."""
    from infra.deploy import permanent

    if not account.environment.permanent:
        return  # CloudFormation deletes the buckets and user pools together with their stacks
    kept = {
        "buckets": permanent.kept_buckets(account),
        "user pools": sorted(permanent.kept_user_pools(account).values()),
    }
    output.print_details({f"{kind} to delete": "\n".join(names) or "none" for kind, names in kept.items()})


@command("wecelebrate first-admin ada@example.com --env dev", environment=AWS)
def first_admin(
    email: Annotated[str, typer.Argument(help="The e-mail address of the first super admin.")],
    env: EnvironmentOption = None,
) -> None:
    """Create the first super admin of a deployed platform.

    Cognito sends a temporary password to the address. The first sign-in sets a password and a second factor. The first
    admin invites all other members of the staff through the API.
    """
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.first_admin import create_first_admin

    with aws_errors():
        subject = create_first_admin(Account(environment_named(env)), email)
    output.success(f"{output.printable(email)} is a super admin ({subject})")


_URL = re.compile(r"https://[^/\s]+|http://(localhost|127\.0\.0\.1)(:\d+)?")
"""The allowed URLs of a platform and of its sign-in page. Without TLS, other programs in the network could read a
token."""


@command(
    'eval "$(wecelebrate sign-in --env dev)"',
    'eval "$(wecelebrate sign-in --page https://sign-in.example.com --client 4example --api https://api.example.com)"',
    environment=AWS,
)
def sign_in(
    env: EnvironmentOption = None,
    page: Annotated[str | None, typer.Option(help="The URL of the sign-in page of staff.")] = None,
    client: Annotated[str | None, typer.Option(help="The id of the app client of the staff console.")] = None,
    api: Annotated[str | None, typer.Option(help="The URL of the API.")] = None,
) -> None:
    """Sign in to a deployed platform in the browser, and print shell variables for the other commands.

    The variables are API, TOKEN, WECELEBRATE_ENV, WECELEBRATE_API, WECELEBRATE_ENV_API, WECELEBRATE_TOKEN and
    WECELEBRATE_DROPS_BUCKET. A token is valid for an hour. If the sign-in fails, other commands of this shell do not
    act on a local cloud. With --page, --client and --api, the command needs no credentials of AWS, and does not print
    the bucket.
    """
    import webbrowser

    from infra.deploy.sign_in import SignIn

    if page or client or api:
        if not (page and client and api):
            raise BadUsage("--page, --client and --api belong together: give all three, or none")
        for option, url in (("--page", page), ("--api", api)):
            if not _URL.fullmatch(url.rstrip("/")):
                raise BadUsage(f"{option} must be a URL with https and without a path, e.g. https://api.example.com")
        page, api, bucket = page.rstrip("/"), api.rstrip("/"), None
        _begin_sign_in(urlsplit(api).netloc)
    else:
        environment = environment_named(env)
        _begin_sign_in(environment.name)
        page, client, api, bucket = _deployed(environment)
    attempt = SignIn.begin(page, client)
    output.note(f"open this page if no browser opens: {attempt.url}")
    token = attempt.wait(webbrowser.open)
    values = {"API": api, "TOKEN": token, API_VARIABLE: api, SIGNED_IN_VARIABLE: api, TOKEN_VARIABLE: token}
    for name, value in (values | ({BUCKET_VARIABLE: bucket} if bucket else {})).items():
        output.result(f"export {name}={quote(value)}")


def _begin_sign_in(name: str) -> None:
    """Print the shell variables that name the environment, before the sign-in begins."""
    variables = ("API", "TOKEN", API_VARIABLE, SIGNED_IN_VARIABLE, TOKEN_VARIABLE, BUCKET_VARIABLE)
    output.result(f"unset {' '.join(variables)}")
    output.result(f"export {ENV_VARIABLE}={quote(name)}")


def _deployed(environment: Environment) -> tuple[str, str, str, str]:
    """Return the sign-in page, its app client, the URL of the API and the drops bucket of an environment."""
    from infra.deploy.account import Account, AwsError, aws_errors
    from infra.deploy.stacks import stack_outputs

    account = Account(environment)
    with aws_errors():
        identity, edge = stack_outputs(account, "identity"), stack_outputs(account, "edge")
        bucket = f"{environment.resource('drops')}-{account.id}"
    if identity is None or edge is None:
        raise AwsError(f"{environment.name} is not deployed, or uses another issuer: sign in at that issuer")
    return identity["StaffSignIn"], identity["StaffClient"], edge["url"], bucket
