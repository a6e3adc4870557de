"""Checks whether an AWS account has everything that a deploy needs. Each problem contains the command that fixes it."""

import json
from collections.abc import Callable, Iterator

from infra.deploy import checkout, deployed
from infra.deploy.account import Account, AwsError
from infra.deploy.checkout import setting_command as _setting
from infra.deploy.engine import check_engine
from infra.deploy.stacks import environments_of, foreign_account, proxy_of_functions, stack_outputs
from infra.local.diagnosis import Finding
from infra.operator_settings import FOLDER

PROXYLESS_ZONES = frozenset({"use1-az3", "usw1-az2", "apne1-az3", "cac1-az4"})
"""The ids of the zones in which RDS Proxy is not available.

Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.html, "Quotas and limitations".
"""
MIN_BOOTSTRAP_VERSION = 23
"""The minimum version of the CDK bootstrap stack. From this version on, its roles may run `cdk rollback` after a failed
deploy with `--no-rollback`."""
CONCURRENCY_QUOTA = "L-B99A9384"
"""The code of Lambda's quota for concurrent invocations."""


def preflight(account: Account) -> Iterator[Finding]:
    """Yield a finding for each check. Without valid credentials, no other check runs."""
    credentials = _attempt("credentials", lambda: _credentials(account), "aws configure sso")
    yield from credentials
    if all(finding.state == "ok" for finding in credentials):
        for check, run in _CHECKS.items():
            yield from _attempt(check, lambda run=run: run(account))  # type: ignore[misc]


def _attempt(check: str, run: Callable[[], list[Finding]], fix: str = "") -> list[Finding]:
    """Run a check. Convert an error of AWS, e.g. a missing permission, to a problem."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return run()
    except (ClientError, BotoCoreError) as error:
        return [Finding(check, "problem", " ".join(str(error).split()), fix)]


def _credentials(account: Account) -> list[Finding]:
    if account.wrong_account:
        return [Finding("credentials", "problem", account.wrong_account)]
    return [Finding("credentials", "ok", f"account {account.id}, {account.environment.region}")]


def _settings(account: Account) -> list[Finding]:
    """Find deployed settings that are missing in the checkout. A deploy would replace them with the defaults."""
    environment = account.environment
    file = FOLDER / f"{environment.name}.toml"
    outputs = stack_outputs(account, "storage")
    restore = checkout.TAKE_SETTINGS
    findings = []
    if environment.permanent and not file.is_file():
        name = f"environments/{environment.name}.toml"
        message = f"{name} does not exist, so the deploy would use the default of each setting"
        fix = restore if outputs is not None else f"mkdir -p environments; touch {name}"
        findings.append(Finding("settings", "problem", message, fix))
    granted = {grant.output for grant in environment.settings.erp}
    missing = sorted(name for name in outputs or {} if name.startswith("ErpRole") and name not in granted)
    if missing:
        message = f"the deploy would delete the roles of {', '.join(missing)}, which have no grant in this checkout"
        findings.append(Finding("settings", "problem", message, restore))
    own = {f"{checkout.SETTINGS}/{environment.name}{part}.toml" for part in ("", "-erp")}
    different = checkout.changed_settings(FOLDER.parent) if environment.permanent else []
    if different is None and not findings:
        message = (
            f"the checkout has no branch {checkout.BRANCH}, so the check cannot compare the settings with the branch"
        )
        findings.append(Finding("settings", "problem", message, "git remote add origin URL; git fetch --tags origin"))
    changed = sorted(own.intersection(different or ()))
    if changed and not findings:
        message = (
            f"{', '.join(changed)} differs from {checkout.BRANCH}: "
            "commit and push it, or take the version of the branch"
        )
        findings.append(Finding("settings", "warning" if outputs is None else "problem", message, restore))
    if not environment.permanent:
        findings += deployed.lost_settings(account)
    return findings or [Finding("settings", "ok", "no deployed setting is missing in this checkout")]


def _account(account: Account) -> list[Finding]:
    """Require that the account does not belong to another environment, and that the settings of a permanent environment
    name the account. An earlier check has already compared this account with the credentials."""
    environment = account.environment
    try:
        existing = environments_of(account)
    except AwsError as error:
        return [Finding("account", "problem", str(error))]
    if message := foreign_account(account, existing):
        return [Finding("account", "problem", message, f"set AWS_PROFILE to the profile of {environment.name}")]
    if environment.settings.account is None and environment.permanent:
        message = f"no setting names the account of {environment.name}; the credentials are of {account.id}"
        return [Finding("account", "problem", message, _setting(environment, "account", f'"{account.id}"'))]
    if others := ", ".join(sorted(existing - {environment.name})):
        message = f"{account.id} also has the stacks of {others}: the environments share its quotas and its budget"
        return [Finding("account", "warning", message)]
    named = "named by the settings" if environment.settings.account else "no setting names another account"
    return [Finding("account", "ok", f"{account.id}, {named}")]


def _python(_: Account) -> list[Finding]:
    """Warn if the layers would have no bytecode. Each start of a function would then compile all of its code."""
    from infra.aws import layers

    if layers.python_compiler() is None:
        message = f"Python {layers.PYTHON} is not installed, so functions start without bytecode, in twice the time"
        return [Finding("python", "warning", message, f"install Python {layers.PYTHON}, e.g. `uv python install 3.13`")]
    return [Finding("python", "ok", f"Python {layers.PYTHON} adds bytecode to the functions")]


def _bootstrap(account: Account) -> list[Finding]:
    target = f"aws://{account.id}/{account.environment.region}"
    fix = f"cdk bootstrap {target}"
    client = account.client("ssm")
    try:
        value = client.get_parameter(Name="/cdk-bootstrap/hnb659fds/version")["Parameter"]["Value"]
    except client.exceptions.ParameterNotFound:
        return [Finding("bootstrap", "problem", f"{target} is not bootstrapped for CDK", fix)]
    if int(value) < MIN_BOOTSTRAP_VERSION:
        return [Finding("bootstrap", "problem", f"version {value} is older than {MIN_BOOTSTRAP_VERSION}", fix)]
    return [Finding("bootstrap", "ok", f"version {value}")]


def _zones(account: Account) -> list[Finding]:
    if moved := deployed.changed_zones(account):
        return moved
    environment = account.environment
    answer = account.client("ec2").describe_availability_zones(
        Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}]
    )
    ids = {zone["ZoneName"]: zone["ZoneId"] for zone in answer["AvailabilityZones"] if zone["State"] == "available"}
    usable = sorted(name for name, id in ids.items() if id not in PROXYLESS_ZONES)
    unusable = [name for name in environment.zones if name not in usable]
    if not unusable:
        return [Finding("zones", "ok", ", ".join(f"{name} is {ids[name]}" for name in environment.zones))]
    # An unchanged zone must keep its position in the list. At another position, it would get other subnets.
    kept = [name for name in environment.zones if name in usable]
    spare = [name for name in usable if name not in kept]
    chosen = [*kept, *spare][: len(environment.zones)]
    names = ", ".join(f"{name} ({ids.get(name, 'not available')})" for name in unusable)
    fix = _setting(environment, "zones", json.dumps(chosen))
    return [Finding("zones", "problem", f"RDS Proxy is not available in {names}", fix)]


def _proxy(account: Account) -> list[Finding]:
    """Require that no function uses the proxy when a deploy deletes it."""
    environment = account.environment
    setting = environment.settings.proxy
    if setting == "off" and proxy_of_functions(account) == "on" and _has_proxy(account):
        message = "a deploy would delete the proxy before the functions stop using it: first deploy `bypass`"
        return [Finding("proxy", "problem", message, _setting(environment, "proxy", '"bypass"'))]
    ways = {"on": "through RDS Proxy", "bypass": "directly, and the proxy exists", "off": "directly"}
    return [Finding("proxy", "ok", f"functions connect to the database {ways[setting]}")]


def _has_proxy(account: Account) -> bool:
    """Return whether the proxy exists. The stack of the functions is not enough: if all deploys of an environment
    without a proxy have failed, its state is the same as with a proxy."""
    client = account.client("rds")
    try:
        client.describe_db_proxies(DBProxyName=account.environment.resource("proxy"))
    except client.exceptions.DBProxyNotFoundFault:
        return False
    return True


def _concurrency(account: Account) -> list[Finding]:
    environment = account.environment
    allowed = account.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    needed = environment.concurrency
    if allowed < needed:
        fix = (
            f"aws service-quotas request-service-quota-increase --service-code lambda --quota-code {CONCURRENCY_QUOTA}"
            f" --desired-value {max(needed, 1000)} --region {environment.region}"
        )
        return [Finding("concurrency", "problem", f"the account allows {allowed} invocations, not {needed}", fix)]
    if allowed > needed:
        fix = _setting(environment, "concurrency", str(allowed))
        return [Finding("concurrency", "warning", f"the account allows {allowed} invocations; {needed} are used", fix)]
    return [Finding("concurrency", "ok", f"{allowed} concurrent invocations")]


def _cache(account: Account) -> list[Finding]:
    name = f"wecelebrate/{account.environment.name}/cache"
    region = account.environment.region
    # If a command contained a token, the token would stay in the history of the shell.
    value = "file://cache.json"
    content = 'write {"url": "https://NAME.upstash.io", "token": "TOKEN"} to cache.json'
    client = account.client("secretsmanager")
    try:
        secret = client.get_secret_value(SecretId=name)["SecretString"]
    except client.exceptions.ResourceNotFoundException:
        fix = f"aws secretsmanager create-secret --name {name} --secret-string {value} --region {region}"
        return [Finding("cache", "problem", f"the secret {name} does not exist: {content}", fix)]
    if not _is_cache_secret(secret):
        fix = f"aws secretsmanager put-secret-value --secret-id {name} --secret-string {value} --region {region}"
        return [
            Finding(
                "cache", "problem", f"the secret {name} must be JSON with `url` (https) and `token`: {content}", fix
            )
        ]
    return [Finding("cache", "ok", f"the secret {name} has a URL and a token")]


def _is_cache_secret(text: str) -> bool:
    try:
        secret = json.loads(text)
        return str(secret["url"]).startswith("https://") and bool(str(secret["token"]))
    except (ValueError, KeyError, TypeError):
        return False


def _mail(account: Account) -> list[Finding]:
    environment, settings = account.environment, account.environment.settings
    if settings.mail_domain is None:
        fix = _setting(environment, "mail_domain", '"mail.example.com"')
        return [Finding("mail", "warning", "no mail domain is set, so no mail can be sent", fix)]
    client = account.client("sesv2")
    try:
        verified = client.get_email_identity(EmailIdentity=settings.mail_domain)["VerifiedForSendingStatus"]
    except client.exceptions.NotFoundException:
        verified = False  # the first deploy creates the identity
    if settings.mail_verified and not verified:
        fix = f"sed -i.bak '/^mail_verified *=/d' environments/{environment.name}.toml"
        message = f"SES has not verified {settings.mail_domain} yet, so Cognito cannot send from it"
        return [Finding("mail", "problem", message, fix)]
    findings = [Finding("mail", "ok", f"{settings.mail_domain} is {'' if verified else 'not yet '}verified")]
    answer = client.get_account()
    rate = answer["SendQuota"]["MaxSendRate"]
    production = answer.get("ProductionAccessEnabled", False)
    # In the sandbox, SES sends only to verified addresses. Other people could therefore not receive the code to
    # register.
    if verified and production and not settings.mail_verified:
        message = f"{settings.mail_domain} is verified: Cognito can send its mails from it"
        findings = [Finding("mail", "warning", message, _setting(environment, "mail_verified", "true"))]
    if not production:
        fix = (
            "aws sesv2 put-account-details --production-access-enabled --mail-type TRANSACTIONAL"
            f" --website-url https://example.com --region {environment.region}"
        )
        findings.append(Finding("mail", "warning", "SES is in its sandbox: it sends only to verified addresses", fix))
    if rate < settings.mail_rate:
        fix = _setting(environment, "mail_rate", f"{rate:g}")
        message = f"SES allows {rate:g} mails a second, and `mail_rate` is {settings.mail_rate:g}"
        findings.append(Finding("mail", "problem", message, fix))
    return findings


def _domain(account: Account) -> list[Finding]:
    settings = account.environment.settings
    if settings.domain is None:
        return [Finding("domain", "ok", "no domain is set: the API has a name of CloudFront")]
    answer = account.client("acm").describe_certificate(CertificateArn=settings.certificate)["Certificate"]
    names = {answer["DomainName"], *answer.get("SubjectAlternativeNames", [])}
    wildcard = f"*.{settings.domain.partition('.')[2]}"
    if not names & {settings.domain, wildcard}:
        fix = f"aws acm request-certificate --domain-name {settings.domain} --validation-method DNS --region us-east-1"
        return [Finding("domain", "problem", f"the certificate is not for {settings.domain}", fix)]
    if answer["Status"] != "ISSUED":
        fix = f"aws acm describe-certificate --certificate-arn {settings.certificate} --region us-east-1"
        message = f"the certificate is {answer['Status']}: create the DNS records that this command shows"
        return [Finding("domain", "problem", message, fix)]
    return [Finding("domain", "ok", f"{settings.domain} has a certificate")]


_CHECKS: dict[str, Callable[[Account], list[Finding]]] = {
    "account": _account,
    "stacks": deployed.check_stacks,
    "settings": _settings,
    "release": deployed.check_release,
    "python": _python,
    "bootstrap": _bootstrap,
    "zones": _zones,
    "issuer": deployed.check_issuer,
    "engine": check_engine,
    "proxy": _proxy,
    "concurrency": _concurrency,
    "cache": _cache,
    "mail": _mail,
    "domain": _domain,
    "budget": deployed.check_budget,
}
