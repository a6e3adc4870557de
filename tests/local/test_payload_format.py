"""Tests payload format 2.0 against the examples in the documentation of AWS."""

import json
import re
from typing import Any

import pytest

from infra.local.payload_format import BadResponse, Request, event, response


def request(**changes: Any) -> Request:
    fields: dict[str, Any] = {
        "method": "POST",
        "raw_path": "/my/path",
        "query": "parameter1=value1&parameter1=value2&parameter2=value",
        "headers": [
            (b"host", b"id.execute-api.us-east-1.amazonaws.com"),
            (b"Header1", b"value1"),
            (b"Header2", b"value1"),
            (b"header2", b"value2"),
            (b"user-agent", b"agent"),
            (b"cookie", b"cookie1; cookie2"),
        ],
        "body": b"Hello from Lambda",
        "source": "192.0.2.1",
        "protocol": "HTTP/1.1",
        "id": "id",
    }
    return Request(**{**fields, **changes})


def event_body(content_type: str | None, body: bytes) -> tuple[Any, bool]:
    headers = [(b"content-type", content_type.encode())] if content_type else []
    payload = event(request(headers=headers, body=body), "POST /my/path", {}, None, "trace")
    return payload["body"], payload["isBase64Encoded"]


def test_an_event_equals_the_example_in_the_documentation() -> None:
    # The example is in
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html.
    # This copy of the example has no client certificate and no stage variables. The copy contains our account id and
    # the headers that API Gateway adds.
    claims = {"claim1": "value1", "claim2": "value2"}
    payload = event(request(), "$default", {"parameter1": "value1"}, claims, "Root=1-0")
    context = payload["requestContext"]
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context.pop("time"))
    assert context.pop("timeEpoch") > 1_700_000_000_000
    assert payload == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/path",
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
        "cookies": ["cookie1", "cookie2"],
        "headers": {
            "host": "id.execute-api.us-east-1.amazonaws.com",
            "header1": "value1",
            "header2": "value1,value2",
            "user-agent": "agent",
            "x-amzn-trace-id": "Root=1-0",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "80",
            "x-forwarded-proto": "http",
        },
        "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "authorizer": {"jwt": {"claims": claims, "scopes": None}},
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "id",
            "http": {
                "method": "POST",
                "path": "/my/path",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "agent",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
        },
        "body": "Hello from Lambda",
        "pathParameters": {"parameter1": "value1"},
        "isBase64Encoded": False,
    }


def test_the_event_omits_the_keys_of_missing_request_parts() -> None:
    payload = event(request(query="", headers=[], body=b""), "GET /", {}, None, "trace")
    assert not {"cookies", "queryStringParameters", "pathParameters", "body"} & set(payload)
    assert "authorizer" not in payload["requestContext"]
    assert payload["rawQueryString"] == ""


def test_the_raw_path_is_decoded_and_the_raw_query_string_is_encoded() -> None:
    payload = event(request(raw_path="/caf%C3%A9%20x", query="q=a%20b&q=c+d&flag"), "GET /{x}", {}, None, "trace")
    assert payload["rawPath"] == payload["requestContext"]["http"]["path"] == "/café x"
    assert payload["rawQueryString"] == "q=a%20b&q=c+d&flag"
    assert payload["queryStringParameters"] == {"q": "a b,c d", "flag": ""}


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("application/json; charset=utf-8", b'{"a": 1}', '{"a": 1}'),
        ("text/csv", "é".encode(), "é"),
        ("application/xml", b"<a/>", "<a/>"),
        ("application/javascript", b"1", "1"),
        (None, b"x", "x"),
    ],
)
def test_a_text_body_of_a_request_is_unchanged_in_the_event(content_type: str | None, body: bytes, text: str) -> None:
    assert event_body(content_type, body) == (text, False)


@pytest.mark.parametrize(
    ("content_type", "body", "encoded"),
    [
        ("application/octet-stream", b"\x00\xff", "AP8="),
        ("application/x-www-form-urlencoded", b"a=b", "YT1i"),
        ("multipart/form-data; boundary=x", b"--x", "LS14"),
        ("image/png", b"\x89PNG", "iVBORw=="),
        ("text/plain", b"\xff", "/w=="),
    ],
)
def test_a_request_body_that_is_not_utf_8_text_is_encoded_as_base64(
    content_type: str, body: bytes, encoded: str
) -> None:
    assert event_body(content_type, body) == (encoded, True)


def test_the_function_result_determines_the_response() -> None:
    answer = response(
        json.dumps(
            {
                "statusCode": 201,
                "headers": {"Content-Type": "text/html", "X-Count": 3, "Connection": "close", "Content-Length": "99"},
                "multiValueHeaders": {"x-ignored": ["yes"]},
                "cookies": ["a=1; Path=/", "b=2"],
                "body": "grüße",
            }
        ).encode()
    )
    assert answer.status == 201
    assert answer.body == "grüße".encode()
    assert answer.headers == [
        (b"content-type", b"text/html"),
        (b"x-count", b"3"),
        (b"set-cookie", b"a=1; Path=/"),
        (b"set-cookie", b"b=2"),
    ]


def test_a_response_body_in_base64_is_decoded() -> None:
    answer = response(b'{"statusCode": 200, "body": "AP8=", "isBase64Encoded": true}')
    assert answer.body == b"\x00\xff"
    assert answer.headers == [(b"content-type", b"text/plain;charset=UTF-8")]


@pytest.mark.parametrize(
    ("payload", "body"),
    [
        (b'"Hello from Lambda!"', b"Hello from Lambda!"),
        (b'{"message": "Hello from Lambda!"}', b'{"message":"Hello from Lambda!"}'),
        (b"[1, 2]", b"[1,2]"),
        (b"null", b"null"),
    ],
)
def test_a_function_result_without_a_status_code_becomes_the_response_body(payload: bytes, body: bytes) -> None:
    answer = response(payload)
    assert (answer.status, answer.headers, answer.body) == (200, [(b"content-type", b"application/json")], body)


@pytest.mark.parametrize(
    "payload",
    [
        b"not json",
        b'{"statusCode": "ok"}',
        b'{"statusCode": 99}',
        b'{"statusCode": null}',
        b'{"statusCode": 200, "body": {"a": 1}}',
        b'{"statusCode": 200, "headers": ["a"]}',
        b'{"statusCode": 200, "headers": {"a": ["b"]}}',
        b'{"statusCode": 200, "cookies": "a=1"}',
        b'{"statusCode": 200, "body": "?", "isBase64Encoded": true}',
    ],
)
def test_an_invalid_function_result_is_an_error(payload: bytes) -> None:
    with pytest.raises(BadResponse):
        response(payload)
