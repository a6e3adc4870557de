"""The issuers of access tokens: one Cognito user pool for staff, and one for the customers of shops.

The pools are separate, because only staff must use a second factor, and only customers may create their own accounts.
The gateway verifies the tokens of staff and machines. Storefront functions verify the tokens of customers.

If the operator sets `issuer` and `audience`, an existing OIDC issuer replaces both pools.
"""

from collections.abc import Mapping, Sequence
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
MACHINE_SCOPES = ("read", "write")
"""The scopes of the resource server `wecelebrate` that the app of a client, i.e. a machine client, can request."""


@dataclass(frozen=True)
class TokenIssuer:
    """The settings that the gateway and the functions use to verify tokens."""

    url: str
    audiences: Sequence[str]
    """The ids of the apps for which the issuer creates tokens. The first app is for persons, who sign in with a
    browser."""
    jwks_url: str
    """The URL of the public keys (JWKS) with which the signatures of tokens are verified."""

    @property
    def console(self) -> str:
        """The id of the app for persons. All other apps are machines."""
        return self.audiences[0]


@dataclass(frozen=True)
class TokenIssuers:
    """The issuer of the tokens of staff and machines, and the issuer of the tokens of customers."""

    staff: TokenIssuer
    customers: TokenIssuer


def token_issuers(scope: Construct, environment: Environment) -> TokenIssuers:
    """Return the issuer that the operator has set. If no issuer is set, create a user pool for staff and a user pool
    for customers."""
    settings = environment.settings
    if settings.issuer and settings.audience:
        existing = TokenIssuer(settings.issuer, [settings.audience], settings.jwks_url or _jwks_url(settings.issuer))
        return TokenIssuers(existing, existing)
    return Users(scope, environment).issuers


class Users(PlatformStack):
    """The stack of both user pools, with their sign-in pages and app clients."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "identity", environment, holds_data=True)
        self._environment = environment
        self._trigger = self._access_token_function()
        settings = environment.settings
        staff = self._pool("staff", cognito.Mfa.REQUIRED)
        customers = self._pool("customers", cognito.Mfa.OPTIONAL)
        acknowledge(customers, "COG2", "Customers order about once a year, so a second factor is their choice")
        # If the operator has set no URL of a console or shop, the sign-in page returns to a port of the operator's
        # machine.
        console = self._browser_client(staff, "console", settings.console_urls or ("http://localhost:3000/",))
        shop = self._browser_client(customers, "shop", settings.shop_urls or ("http://localhost:3001/",))
        machines = self._machine_clients(staff, settings.machines)
        self.issuers = TokenIssuers(
            staff=_issuer(staff, console, *machines.values()),
            customers=_issuer(customers, shop),
        )
        for name, value in (
            ("StaffPool", staff.user_pool_id),
            ("StaffClient", console.user_pool_client_id),
            *((settings.machine_output(name), client.user_pool_client_id) for name, client in machines.items()),
            ("CustomerPool", customers.user_pool_id),
            ("CustomerClient", shop.user_pool_client_id),
        ):
            cdk.CfnOutput(self, name, value=value)

    def _pool(self, name: str, mfa: cognito.Mfa) -> cognito.UserPool:
        environment = self._environment
        pool = cognito.UserPool(
            self,
            name,
            user_pool_name=environment.resource(name),
            # An account has no rights until it accepts an invitation. Only the owner of the invited address can accept
            # it.
            self_sign_up_enabled=True,
            feature_plan=cognito.FeaturePlan.ESSENTIALS,  # the Lite plan cannot change access tokens
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            # If users change their e-mail address, the old address stays valid until they have verified the new
            # address. An unverified address must not be used, because the platform finds the memberships of a user by
            # the address.
            keep_original=cognito.KeepOriginalAttrs(email=True),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
            ),
            mfa=mfa,
            mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            email=self._sender(),
            deletion_protection=environment.permanent,
            removal_policy=removal_policy(environment),
        )
        acknowledge(
            pool, "COG8", "The Plus tier has a price for each user, and most users are customers who order once a year"
        )
        pool.add_trigger(
            cognito.UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG, self._trigger, cognito.LambdaVersion.V2_0
        )
        domain = pool.add_domain(
            f"{name}-domain",
            # The prefix must be unique among all accounts of AWS in the region.
            cognito_domain=cognito.CognitoDomainOptions(
                domain_prefix=f"{environment.resource(name)}-{cdk.Aws.ACCOUNT_ID}"
            ),
            managed_login_version=cognito.ManagedLoginVersion.NEWER_MANAGED_LOGIN,
        )
        cdk.CfnOutput(self, f"{name.title()}SignIn", value=domain.base_url())
        return pool

    def _sender(self) -> cognito.UserPoolEmail | None:
        """If SES has verified the domain, send the mails of the pool through SES. Without SES, Cognito sends at most 50
        mails a day."""
        domain = self._environment.settings.mail_domain
        # If the domain is not verified, Cognito refuses to create the pool.
        if domain is None or not self._environment.settings.mail_verified:
            return None
        return cognito.UserPoolEmail.with_ses(
            from_email=f"mail@{domain}", from_name="wecelebrate", ses_verified_domain=domain
        )

    def _browser_client(self, pool: cognito.UserPool, name: str, urls: Sequence[str]) -> cognito.UserPoolClient:
        """Create the client of an app in browsers. It signs users in with the authorization code and PKCE."""
        client = pool.add_client(
            name,
            auth_flows=cognito.AuthFlow(user_srp=True),
            generate_secret=False,  # an app in a browser cannot keep a secret
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL],
                callback_urls=list(urls),
                logout_urls=list(urls),
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=cdk.Duration.hours(1),
            id_token_validity=cdk.Duration.hours(1),
            refresh_token_validity=cdk.Duration.days(30),
        )
        # Without a branding, the sign-in page has no style and shows an error.
        cognito.CfnManagedLoginBranding(
            self,
            f"{name}-branding",
            user_pool_id=pool.user_pool_id,
            client_id=client.user_pool_client_id,
            use_cognito_provided_values=True,
        )
        return client

    def _machine_clients(self, pool: cognito.UserPool, names: Sequence[str]) -> Mapping[str, cognito.UserPoolClient]:
        """Create a client for each program that calls the API without a user (client credentials).

        Each program has its own client, because the id of the client determines the rights of the program.
        """
        scopes = [cognito.ResourceServerScope(scope_name=name, scope_description=name) for name in MACHINE_SCOPES]
        server = pool.add_resource_server("api", identifier="wecelebrate", scopes=scopes)
        return {
            name: pool.add_client(
                f"machine-{name}",
                user_pool_client_name=name,
                generate_secret=True,
                o_auth=cognito.OAuthSettings(
                    flows=cognito.OAuthFlows(client_credentials=True),
                    scopes=[cognito.OAuthScope.resource_server(server, scope) for scope in scopes],
                ),
                access_token_validity=cdk.Duration.hours(1),
            )
            for name in names
        }

    def _access_token_function(self) -> lambda_.Function:
        """Create the function that adds the e-mail address of the user to access tokens.

        The platform finds the memberships of a new user by the address. By default, only ID tokens contain the address,
        but a caller must not use an ID token to call an API.
        https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
        """
        name = self._environment.resource("access-token")
        logs = log_group(self, "access-token-log", self._environment, f"/aws/lambda/{name}")
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
            description="adds the e-mail address to the access tokens of the user pools",
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handler",
            code=lambda_.Code.from_inline(_ACCESS_TOKEN.read_text("utf-8")),
            timeout=cdk.Duration.seconds(5),  # Cognito waits at most 5 seconds for the function
            role=role.without_policy_updates(),
            log_group=logs,
        )
        acknowledge(function, "L1", "every function of the platform has the same Python version")
        return function


def _issuer(pool: cognito.UserPool, *clients: cognito.UserPoolClient) -> TokenIssuer:
    url = pool.user_pool_provider_url
    return TokenIssuer(url, [client.user_pool_client_id for client in clients], _jwks_url(url))


def _jwks_url(url: str) -> str:
    """Return the URL at which Cognito and most other issuers publish their public keys."""
    return f"{url.rstrip('/')}/.well-known/jwks.json"
