"""The function that Cognito calls for each access token. The function adds the e-mail address of the user.

The stack of the user pool deploys this file as it is, so the file must not import anything.
"""


def handler(event: dict, _context: object) -> dict:  # type: ignore[type-arg]
    """Add the address, and whether it is verified, to the claims of the token."""
    attributes = event["request"]["userAttributes"]
    claims = {name: attributes[name] for name in ("email", "email_verified") if name in attributes}
    event["response"]["claimsAndScopeOverrideDetails"] = {"accessTokenGeneration": {"claimsToAddOrOverride": claims}}
    return event
