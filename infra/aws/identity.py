"""The issuer of access tokens. It is either a Cognito user pool, which this app creates, or an existing OIDC issuer.

`cdk deploy -c issuer=https://… -c audience=… [-c jwks_url=https://…]` uses an existing issuer.
"""

from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.aws.checks import acknowledge
from infra.aws.lambda_function import RUNTIME
from infra.aws.retention import log_group, removal_policy
from infra.aws.stack import PlatformStack
from infra.environments import Environment

_ACCESS_TOKEN = Path(__file__).with_name("access_token.py")


@dataclass(frozen=True)
class TokenIssuer:
    """The settings that the gateway and the functions use to verify tokens."""

    url: str
    audience: str
    jwks_url: str
    """The URL of the public keys (JWKS) with which the signatures of tokens are verified."""


def token_issuer(scope: Construct, environment: Environment) -> TokenIssuer:
    """Return the issuer that the CDK context names. If the context names no issuer, create a user pool.

    Raises ValueError if the context sets only one of `issuer` and `audience`.
    """
    url, audience, jwks_url = (scope.node.try_get_context(key) for key in ("issuer", "audience", "jwks_url"))
    if bool(url) != bool(audience):
        raise ValueError("only one of the context keys `issuer` and `audience` is set: set both or neither")
    if not url:
        return Users(scope, environment).issuer
    return TokenIssuer(url, audience, jwks_url or _jwks_url(url))


class Users(PlatformStack):
    """The stack of the Cognito user pool, with an app client for browsers."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "identity", environment, holds_data=True)
        pool = cognito.UserPool(
            self,
            "users",
            user_pool_name=environment.resource("users"),
            # An admin or an owner creates the account of a user together with the membership of the user.
            self_sign_up_enabled=False,
            feature_plan=cognito.FeaturePlan.ESSENTIALS,  # the Lite plan cannot change access tokens
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            # If users change their e-mail address, the old address stays valid until they have verified the new
            # address. The platform finds the memberships of a user by the e-mail address, so an unverified address must
            # not be used.
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
            deletion_protection=environment.permanent,
            removal_policy=removal_policy(environment),
        )
        acknowledge(
            pool, "COG2", "MFA is optional: the customers of a shop do not need it, and its managers can turn it on"
        )
        acknowledge(
            pool, "COG8", "The Plus tier has a price for each user, and most users are customers who order once a year"
        )
        self._add_email_to_access_tokens(pool, environment)
        client = pool.add_client(
            "web",
            auth_flows=cognito.AuthFlow(user_srp=True),
            generate_secret=False,  # an app in a browser cannot keep a secret
            disable_o_auth=True,  # by default, CDK allows a redirect to example.com
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=cdk.Duration.hours(1),
            id_token_validity=cdk.Duration.hours(1),
            refresh_token_validity=cdk.Duration.days(30),
        )
        url = pool.user_pool_provider_url
        self.issuer = TokenIssuer(url, client.user_pool_client_id, _jwks_url(url))

    def _add_email_to_access_tokens(self, pool: cognito.UserPool, environment: Environment) -> None:
        """Add the e-mail address of the user to access tokens.

        By default, only ID tokens contain the address, but ID tokens must not be used to call an API. The platform
        finds the memberships of a new user by the address.
        https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
        """
        name = environment.resource("access-token")
        logs = log_group(self, "access-token-log", environment, f"/aws/lambda/{name}")
        role = iam.Role(
            self,
            "access-token-role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Permissions of access-token",
        )
        logs.grant_write(role)
        function = lambda_.Function(
            self,
            "access-token",
            function_name=name,
            description="adds the e-mail address to the access tokens of the user pool",
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handler",
            code=lambda_.Code.from_inline(_ACCESS_TOKEN.read_text("utf-8")),
            timeout=cdk.Duration.seconds(5),  # Cognito waits at most 5 seconds
            role=role.without_policy_updates(),
            log_group=logs,
        )
        acknowledge(function, "L1", "every function of the platform has the same Python version")
        pool.add_trigger(cognito.UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG, function, cognito.LambdaVersion.V2_0)


def _jwks_url(url: str) -> str:
    """Return the URL at which Cognito and most other issuers publish their public keys."""
    return f"{url.rstrip('/')}/.well-known/jwks.json"
