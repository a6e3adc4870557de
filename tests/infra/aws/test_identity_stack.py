"""Tests sign-in on AWS: the user pools, their sign-in pages and clients, and the claims of access tokens."""

from infra.aws.access_token import handler
from tests.infra.aws.templates import Resource, Templates


def pool(cloud: Templates, name: str) -> tuple[str, Resource]:
    pools = cloud.of_type("identity", "AWS::Cognito::UserPool")
    ((id, properties),) = ((id, each) for id, each in pools.items() if each["UserPoolName"].endswith(f"-{name}"))
    return id, properties


def client(cloud: Templates, pool_id: str, flow: str) -> Resource:
    clients = cloud.of_type("identity", "AWS::Cognito::UserPoolClient").values()
    (found,) = (
        each for each in clients if each["UserPoolId"] == {"Ref": pool_id} and each["AllowedOAuthFlows"] == [flow]
    )
    return found


def test_staff_must_use_a_second_factor_and_invited_people_can_register(dev: Templates) -> None:
    _, staff = pool(dev, "staff")
    assert (staff["MfaConfiguration"], staff["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])
    # An invited person registers with the invited address. Without an invitation, an account has no rights.
    assert staff["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False}


def test_customers_can_create_an_account_and_use_a_second_factor(dev: Templates) -> None:
    _, customers = pool(dev, "customers")
    assert customers["MfaConfiguration"] == "OPTIONAL"
    assert customers["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False}


def test_browsers_sign_in_with_a_code_and_without_a_secret(named: Templates) -> None:
    for name, url in (
        ("staff", "https://console.example.com/signed-in"),
        ("customers", "https://acme.gifts.example.com/signed-in"),
    ):
        browser = client(named, pool(named, name)[0], "code")
        assert browser["CallbackURLs"] == browser["LogoutURLs"] == [url]
        assert browser["GenerateSecret"] is False
        assert browser["AllowedOAuthScopes"] == ["openid", "email"]
        assert "implicit" not in browser["AllowedOAuthFlows"]


def test_the_sign_in_page_redirects_only_to_localhost_by_default(dev: Templates) -> None:
    for name in ("staff", "customers"):
        urls = client(dev, pool(dev, name)[0], "code")["CallbackURLs"]
        assert all(url.startswith("http://localhost:") for url in urls)


def test_each_user_pool_has_a_branded_sign_in_page(dev: Templates) -> None:
    domains = dev.of_type("identity", "AWS::Cognito::UserPoolDomain").values()
    assert len(domains) == 2
    for domain in domains:
        assert domain["ManagedLoginVersion"] == 2
        assert domain["Domain"]["Fn::Join"][1][-1] == {"Ref": "AWS::AccountId"}
    brandings = dev.of_type("identity", "AWS::Cognito::ManagedLoginBranding").values()
    assert {branding["UserPoolId"]["Ref"] for branding in brandings} == {
        pool(dev, "staff")[0],
        pool(dev, "customers")[0],
    }


def test_each_machine_client_gets_tokens_with_the_scopes_of_the_resource_server(named: Templates) -> None:
    clients = named.of_type("identity", "AWS::Cognito::UserPoolClient")
    machines = {id: each for id, each in clients.items() if each["AllowedOAuthFlows"] == ["client_credentials"]}
    assert [machine["ClientName"] for machine in machines.values()] == ["acme-shop", "globex"]
    outputs = named.templates["identity"]["Outputs"]
    assert [outputs[name]["Value"] for name in ("ClientAcmeShop", "ClientGlobex")] == [{"Ref": id} for id in machines]
    server = named.only("identity", "AWS::Cognito::UserPoolResourceServer")
    assert server["Identifier"] == "wecelebrate"
    assert [scope["ScopeName"] for scope in server["Scopes"]] == ["read", "write"]
    for machine in machines.values():
        assert machine["UserPoolId"] == {"Ref": pool(named, "staff")[0]}
        assert machine["GenerateSecret"] is True
        assert len(machine["AllowedOAuthScopes"]) == 2


def test_no_app_client_for_machines_exists_if_the_setting_machines_is_empty(dev: Templates) -> None:
    flows = [each["AllowedOAuthFlows"] for each in dev.of_type("identity", "AWS::Cognito::UserPoolClient").values()]
    assert flows == [["code"], ["code"]]


def test_the_user_pools_send_their_mails_through_ses_if_a_mail_domain_is_configured(
    dev: Templates, named: Templates
) -> None:
    for name in ("staff", "customers"):
        assert "EmailConfiguration" not in pool(dev, name)[1]
        email = pool(named, name)[1]["EmailConfiguration"]
        assert email["EmailSendingAccount"] == "DEVELOPER"
        assert "mail@mail.example.com" in email["From"]


def test_both_user_pools_add_the_verified_email_address_to_access_tokens(dev: Templates) -> None:
    (name,) = dev.of_type("identity", "AWS::Lambda::Function")
    for kind in ("staff", "customers"):
        _, properties = pool(dev, kind)
        trigger = properties["LambdaConfig"]["PreTokenGenerationConfig"]
        assert (trigger["LambdaVersion"], properties["UserPoolTier"]) == ("V2_0", "ESSENTIALS")
        assert trigger["LambdaArn"] == {"Fn::GetAtt": [name, "Arn"]}
    permissions = dev.of_type("identity", "AWS::Lambda::Permission").values()
    assert [each["Principal"] for each in permissions] == ["cognito-idp.amazonaws.com"] * 2


def test_functions_verify_the_tokens_of_customers(dev: Templates) -> None:
    variables = dev.function("api-storefront-read")["Environment"]["Variables"]
    customers, _ = pool(dev, "customers")
    assert dev.follow("functions", variables["WC_ISSUER"]) == ("identity", customers)
    _, audience = dev.follow("functions", variables["WC_AUDIENCE"])
    assert dev.templates["identity"]["Resources"][audience]["Properties"]["UserPoolId"] == {"Ref": customers}


def test_an_access_token_contains_the_email_address_and_its_verification() -> None:
    attributes = {"sub": "1", "email": "ann@example.com", "email_verified": "true", "phone_number": "+1"}
    event = handler({"request": {"userAttributes": attributes}, "response": {}}, None)
    claims = event["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]["claimsToAddOrOverride"]
    assert claims == {"email": "ann@example.com", "email_verified": "true"}
