"""The function that Cognito calls for each access token. The function adds the e-mail address of the user.

The stack of the user pool deploys only this file, so the file must not import anything.
"""


def handler(event: dict, _context: object) -> dict:  # type: ignore[type-arg]
    """Add two claims to the token: the e-mail address, and whether this address is verified."""
    attributes = event["request"]["userAttributes"]
    claims = {name: attributes[name] for name in ("email", "email_verified") if name in attributes}
    event["response"]["claimsAndScopeOverrideDetails"] = {"accessTokenGeneration": {"claimsToAddOrOverride": claims}}
    return event
