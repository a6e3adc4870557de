"""The commands for a platform on AWS: `preflight`, `deploy`, `destroy`, `first-admin`, `sign-in`, `erp`."""

import json
import re
from typing import Annotated

import typer

from infra.command import output
from infra.command.errors import BadUsage, ExitCode
from infra.command.help import SETTINGS, command, documented
from infra.environments import Environment, get_environment
from infra.functions import ROOT

AWS = ("AWS_PROFILE", "NO_COLOR")
"""The variables of the commands that call AWS."""

EnvironmentOption = Annotated[str, typer.Option("--env", help="The environment: dev, staging or prod.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

erp = typer.Typer(add_completion=False, help="Give ERP systems access to the drops bucket.", **SETTINGS)


def _environment(name: str) -> Environment:
    try:
        return get_environment(name)
    except ValueError as error:
        raise BadUsage(str(error)) from error


@command("wecelebrate preflight --env dev", environment=AWS)
def preflight(env: EnvironmentOption = "dev") -> None:
    """Check whether the AWS account has what a deploy needs, and print what to type.

    The command only reads. The exit code is 1 if there is a problem. Warnings do not change it.
    """
    if _problems(_environment(env)):
        raise typer.Exit(ExitCode.FAILED)


def _problems(environment: Environment) -> int:
    """Print the findings of all checks, and return the number of problems."""
    from infra.deploy.account import Account
    from infra.deploy.preflight import preflight as findings

    problems = 0
    for finding in findings(Account(environment)):
        problems += finding.state == "problem"
        mark, color = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}[finding.state]
        output.marked(mark, color, f"{finding.check:<13}{output.printable(finding.message)}")
        if finding.fix:
            output.result(f"  {'':<13}→ {output.printable(finding.fix)}")
    return problems


@command("wecelebrate deploy --env dev", "wecelebrate deploy --env prod --no-rollback", environment=AWS)
def deploy(
    env: EnvironmentOption = "dev",
    no_rollback: Annotated[
        bool, typer.Option("--no-rollback", help="Keep what exists if a step fails, and continue the next time.")
    ] = False,
) -> None:
    """Check the account, deploy all stacks, and print the URLs of the platform.

    It is safe to run the command again: what has not changed is not touched. The first deploy always runs as with
    --no-rollback, because a rollback could not delete a protected database.
    """
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.stacks import apis_that_lose_paths, deploy_commands, is_complete, run_cdk

    environment = _environment(env)
    if _problems(environment):
        output.failure("nothing was deployed: mend the problems first")
        raise typer.Exit(ExitCode.FAILED)
    outputs = ROOT / "cdk.out" / f"outputs-{environment.name}.json"
    outputs.parent.mkdir(exist_ok=True)
    options = ["--require-approval", "never", "--progress", "events", "--outputs-file", str(outputs)]
    with aws_errors():
        account = Account(environment)
        complete = is_complete(account)
        losing = apis_that_lose_paths(account)
    if no_rollback or not complete:
        options.append("--no-rollback")
    if losing:
        output.note(f"paths move away from {', '.join(sorted(losing))}, so CloudFront is updated first")
    for cdk_deploy in deploy_commands(environment, losing, *options):
        if run_cdk(cdk_deploy):
            output.failure("the deploy failed: mend the cause that CDK printed, and run the same command again")
            raise typer.Exit(ExitCode.FAILED)
    output.success(f"{environment.name} is deployed")
    output.print_details(_addresses(environment, json.loads(outputs.read_text("utf-8"))))


def _addresses(environment: Environment, stacks: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return the outputs that an operator needs, by their meaning."""
    values = {
        "API": ("edge", "url"),
        "CNAME of its domain": ("edge", "target"),
        "sign-in of staff": ("identity", "StaffSignIn"),
        "sign-in of customers": ("identity", "CustomersSignIn"),
    }
    outputs = {text: stacks.get(environment.resource(stack), {}).get(key) for text, (stack, key) in values.items()}
    return {text: value for text, value in outputs.items() if value}


@command("wecelebrate destroy --env dev", environment=AWS)
def destroy(env: EnvironmentOption = "dev", yes: YesOption = False) -> None:
    """Delete an environment with all of its data, and report what remains.

    Only an environment that is not permanent can be deleted. The network interfaces of the functions can delay the
    deletion by 20 minutes.
    """
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.destroy import delete_logs, empty_buckets, remaining
    from infra.deploy.stacks import cdk_command, run_cdk

    environment = _environment(env)
    if environment.permanent:
        raise BadUsage(f"{env} is permanent: its stacks are protected. See `docs/deploy.md` for how to remove one.")
    account = Account(environment)
    with aws_errors():
        output.confirm(f"Delete {env} in the account {account.id} with all of its data?", yes)
        for bucket, versions in empty_buckets(account):
            output.step(f"{bucket}: {versions} versions deleted")
    if run_cdk(cdk_command(environment, "destroy", "--force")):
        output.failure("the deletion failed: run the same command again")
        raise typer.Exit(ExitCode.FAILED)
    with aws_errors():
        for name in delete_logs(account):
            output.step(f"{name} deleted")
        resources = remaining(account)
    if resources:
        output.warning("these resources still exist; some services report deleted resources for hours:")
        for arn in resources:
            output.result(arn)
    else:
        output.success(f"{env} is deleted, and nothing remains")


@command("wecelebrate first-admin ada@example.com --env dev", environment=AWS)
def first_admin(
    email: Annotated[str, typer.Argument(help="The e-mail address of the first super admin.")],
    env: EnvironmentOption = "dev",
) -> None:
    """Create the first super admin of a deployed platform.

    Cognito sends a temporary password to the address. The first sign-in sets a password and a second factor. The first
    admin lets all others in through the API.
    """
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.first_admin import create_first_admin

    with aws_errors():
        subject = create_first_admin(Account(_environment(env)), email)
    output.success(f"{output.printable(email)} is a super admin ({subject})")


_URL = re.compile(r"https://[^/\s]+|http://(localhost|127\.0\.0\.1)(:\d+)?")
"""The URLs of a platform and of its sign-in page. Without TLS, a token could be read on the way."""


@command(
    'eval "$(wecelebrate sign-in --env dev)"',
    'eval "$(wecelebrate sign-in --page https://sign-in.example.com --client 4example --api https://api.example.com)"',
    environment=AWS,
)
def sign_in(
    env: EnvironmentOption = "dev",
    page: Annotated[str | None, typer.Option(help="The URL of the sign-in page of staff.")] = None,
    client: Annotated[str | None, typer.Option(help="The id of the app client of the staff console.")] = None,
    api: Annotated[str | None, typer.Option(help="The URL of the API.")] = None,
) -> None:
    """Sign in to a deployed platform in the browser, and print shell variables for the other commands.

    The variables are API, TOKEN, WECELEBRATE_API, WECELEBRATE_TOKEN and WECELEBRATE_DROPS_BUCKET. A token is valid for
    an hour. With --page, --client and --api, the command needs no credentials of AWS, and does not print the bucket.
    """
    import webbrowser
    from shlex import quote

    from infra.deploy.sign_in import SignIn

    if page or client or api:
        if not (page and client and api):
            raise BadUsage("--page, --client and --api belong together: give all three, or none")
        for option, url in (("--page", page), ("--api", api)):
            if not _URL.fullmatch(url.rstrip("/")):
                raise BadUsage(f"{option} must be a URL with https and without a path, e.g. https://api.example.com")
        page, api, bucket = page.rstrip("/"), api.rstrip("/"), None
    else:
        page, client, api, bucket = _deployed(env)
    attempt = SignIn.begin(page, client)
    output.note(f"open this page if no browser opens: {attempt.url}")
    token = attempt.wait(webbrowser.open)
    values = {"API": api, "TOKEN": token, "WECELEBRATE_API": api, "WECELEBRATE_TOKEN": token}
    for name, value in (values | ({"WECELEBRATE_DROPS_BUCKET": bucket} if bucket else {})).items():
        output.result(f"export {name}={quote(value)}")


def _deployed(env: str) -> tuple[str, str, str, str]:
    """Return the sign-in page, its app client, the URL of the API and the drops bucket of an environment."""
    from infra.deploy.account import Account, AwsError, aws_errors
    from infra.deploy.stacks import stack_outputs

    environment = _environment(env)
    account = Account(environment)
    with aws_errors():
        identity, edge = stack_outputs(account, "identity"), stack_outputs(account, "edge")
        bucket = f"{environment.resource('drops')}-{account.id}"
    if identity is None or edge is None:
        raise AwsError(f"{env} is not deployed, or has an issuer of its own: sign in there")
    return identity["StaffSignIn"], identity["StaffClient"], edge["url"], bucket


def grant(
    name: Annotated[str, typer.Argument(help="A name for the system, e.g. acme-sap.")],
    principal: Annotated[str, typer.Option(help="The AWS account, role or user of the system, as an ARN.")],
    catalog: Annotated[list[str] | None, typer.Option(help="The id of a catalog. Can be repeated.")] = None,
    destination: Annotated[list[str] | None, typer.Option(help="The id of an order destination.")] = None,
    env: EnvironmentOption = "dev",
) -> None:
    """Give an ERP system its folders in the drops bucket. The next deploy creates its role.

    The command writes `environments/<env>-erp.toml`. It needs no access to AWS.
    """
    from infra.deploy.erp import grant_access

    environment = _environment(env)
    try:
        created = grant_access(environment, name, principal, catalog or [], destination or [])
    except ValueError as error:
        raise BadUsage(_first_line(error)) from error
    output.success(f"{name} has access after the next deploy of {env}")
    account = "<account>"
    output.print_details(
        {
            "role": f"arn:aws:iam::{account}:role/{environment.resource(f'erp-{name}')}",
            "external id": created.external_id,
            "bucket": f"{environment.resource('drops')}-{account}",
        }
    )


def _first_line(error: ValueError) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        return f"{place}: {first['msg']}" if place else str(first["msg"])
    return str(error)


erp.command(
    "grant",
    cls=documented(
        "wecelebrate erp grant acme-sap --env dev --principal arn:aws:iam::210987654321:role/sap"
        " --catalog ca100000-0000-7000-8000-000000000001",
        environment=("NO_COLOR",),
    ),
)(grant)


@erp.callback()
def _erp() -> None:
    """Give ERP systems access to the drops bucket."""
