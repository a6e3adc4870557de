"""Tests mail on AWS: all mails have one sender domain, one function sends all mails, and one queue gets all mail
events."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.aws.layers import Layer
from infra.functions import FunctionSpec
from tests.infra.aws.templates import Templates, synthesise

SENDERS = {"queues-emails"}


def allowed(cloud: Templates, queue: str) -> list[dict[str, Any]]:
    """Return the Allow statements in the policy of a queue."""
    (policy,) = (
        policy
        for policy in cloud.of_type("storage", "AWS::SQS::QueuePolicy").values()
        for reference in policy["Queues"]
        if cloud.templates["storage"]["Resources"][reference["Ref"]]["Properties"]["QueueName"] == queue
    )
    return [statement for statement in policy["PolicyDocument"]["Statement"] if statement["Effect"] == "Allow"]


def test_mails_are_sent_from_the_configured_mail_domain(named: Templates) -> None:
    identity = named.only("storage", "AWS::SES::EmailIdentity")
    assert identity["EmailIdentity"] == "mail.example.com"
    assert identity["DkimAttributes"] == {"SigningEnabled": True}
    assert identity["FeedbackAttributes"] == {"EmailForwardingEnabled": False}
    variables = named.function("queues-emails")["Environment"]["Variables"]
    assert variables["WC_MAIL_FROM"] == "wecelebrate <mail@mail.example.com>"
    assert variables["WC_MAIL_CONFIGURATION_SET"] == "wecelebrate-dev-mail"
    assert variables["WC_RATE"] == "50.0"
    assert named.function("api-mails-read")["Environment"]["Variables"]["WC_MAIL_FROM"] == variables["WC_MAIL_FROM"]


def test_an_environment_without_a_mail_domain_has_no_ses_identity(
    dev: Templates,
) -> None:
    assert dev.of_type("storage", "AWS::SES::EmailIdentity") == {}
    variables = dev.function("queues-emails")["Environment"]["Variables"]
    assert variables["WC_RATE"] == "1.0"
    assert variables["WC_MAIL_FROM"] == "wecelebrate <mail@dev.wecelebrate.invalid>"


def test_only_functions_that_use_email_can_send_mail(named: Templates, specs: tuple[FunctionSpec, ...]) -> None:
    assert {spec.name for spec in specs if "email" in spec.uses} == SENDERS
    for spec in specs:
        statements = [each for each in named.statements(spec.name) if "ses:" in str(each["Action"])]
        if spec.name not in SENDERS:
            assert statements == []
            continue
        (statement,) = statements
        assert statement["Action"] == ["ses:SendEmail", "ses:SendRawEmail"]
        assert {resource["Fn::Join"][1][-1].rpartition(":")[2] for resource in statement["Resource"]} == {
            "identity/*",
            "configuration-set/wecelebrate-dev-mail",
        }
        assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": "mail@mail.example.com"}}


def test_the_suppression_list_of_ses_is_off_and_mails_require_tls(dev: Templates) -> None:
    configuration_set = dev.only("storage", "AWS::SES::ConfigurationSet")
    assert configuration_set["Name"] == "wecelebrate-dev-mail"
    assert configuration_set["DeliveryOptions"]["TlsPolicy"] == "REQUIRE"
    assert configuration_set["SuppressionOptions"] == {"SuppressedReasons": []}


def test_events_of_ses_go_through_eventbridge_to_the_queue_of_mail_events(dev: Templates) -> None:
    destination = dev.only("storage", "AWS::SES::ConfigurationSetEventDestination")["EventDestination"]
    assert set(destination["MatchingEventTypes"]) == {"DELIVERY", "BOUNCE", "COMPLAINT", "REJECT"}
    assert destination["Enabled"]
    assert str(destination["EventBridgeDestination"]["EventBusArn"]).endswith(":event-bus/default']]}")
    rule = dev.only("storage", "AWS::Events::Rule")
    assert rule["EventPattern"]["source"] == ["aws.ses"]
    assert rule["EventPattern"]["detail"] == {"mail": {"tags": {"ses:configuration-set": ["wecelebrate-dev-mail"]}}}
    (target,) = rule["Targets"]
    _, queue = dev.follow("storage", target["Arn"])
    assert dev.templates["storage"]["Resources"][queue]["Properties"]["QueueName"] == "wecelebrate-dev-mail-events"


def test_only_the_eventbridge_rule_is_allowed_to_send_to_the_queue_of_mail_events(dev: Templates) -> None:
    (statement,) = allowed(dev, "wecelebrate-dev-mail-events")
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert str(statement["Condition"]["ArnEquals"]["aws:SourceArn"]).endswith(":rule/wecelebrate-dev-mail-events']]}")


def test_no_eventbridge_rule_exists_if_no_queue_declares_mail_events(
    tmp_path: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> None:
    without_consumer = tuple(spec for spec in specs if not (spec.queue and spec.queue.mail_events))
    remaining = tuple(spec for spec in without_consumer if "queue:mail-events" not in spec.uses)
    cloud = synthesise(tmp_path, remaining, stub_layers)
    assert cloud.of_type("storage", "AWS::Events::Rule") == {}
