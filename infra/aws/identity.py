"""Who issues tokens: a Cognito user pool of ours, or any OIDC issuer that the context names.

`cdk deploy -c issuer=https://… -c audience=… [-c jwks_url=https://…]` uses one that exists.
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.aws.checks import acknowledge
from infra.aws.retention import removal_policy
from infra.aws.stack import PlatformStack
from infra.environments import Environment


@dataclass(frozen=True)
class Issuer:
    """The issuer of tokens, as the gateway and the functions need to know it."""

    url: str
    audience: str
    jwks_url: str
    """Where the keys are that tokens are signed with."""


def issuer(scope: Construct, environment: Environment) -> Issuer:
    """The issuer that the context names, or that of a new user pool. Raises ValueError for half of one."""
    url, audience, jwks_url = (scope.node.try_get_context(key) for key in ("issuer", "audience", "jwks_url"))
    if bool(url) != bool(audience):
        raise ValueError("an issuer needs an audience, and an audience an issuer: give both, or neither")
    if not url:
        return Users(scope, environment).issuer
    return Issuer(url, audience, jwks_url or _jwks_url(url))


class Users(PlatformStack):
    """A user pool, and its client for browsers."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "identity", environment, holds_data=True)
        pool = cognito.UserPool(
            self,
            "users",
            user_pool_name=environment.resource("users"),
            # Accounts follow from a membership, which an admin or an owner gives.
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            # A changed address counts only once it is verified: it is what memberships are invited by.
            keep_original=cognito.KeepOriginalAttrs(email=True),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
            ),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            deletion_protection=environment.lasting,
            removal_policy=removal_policy(environment),
        )
        acknowledge(pool, "COG2", "A shop's customer may do without; who manages one can turn it on")
        acknowledge(pool, "COG8", "The Plus tier is paid per user, and most users are customers who order once a year")
        client = pool.add_client(
            "web",
            auth_flows=cognito.AuthFlow(user_srp=True),
            generate_secret=False,  # browsers keep none
            disable_o_auth=True,  # by default it would redirect to example.com
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=cdk.Duration.hours(1),
            id_token_validity=cdk.Duration.hours(1),
            refresh_token_validity=cdk.Duration.days(30),
        )
        url = pool.user_pool_provider_url
        self.issuer = Issuer(url, client.user_pool_client_id, _jwks_url(url))


def _jwks_url(url: str) -> str:
    """Cognito's place for it, and most others'."""
    return f"{url.rstrip('/')}/.well-known/jwks.json"
