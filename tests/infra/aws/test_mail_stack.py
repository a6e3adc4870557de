"""Mail on AWS: one domain, one way to send, one way back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.aws.layers import Layer
from infra.functions import FunctionSpec
from tests.infra.aws.templates import Cloud, synthesise

SENDERS = {"queues-emails"}


@pytest.fixture(scope="module")
def named(
    tmp_path_factory: pytest.TempPathFactory, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> Cloud:
    """The platform with a domain and a rate of its own."""
    folder = tmp_path_factory.mktemp("named")
    return synthesise(folder, specs, stub_layers, mail_domain="mail.example.com", mail_rate="50")


def allowed(cloud: Cloud, queue: str) -> list[dict[str, Any]]:
    """What others may do with a queue."""
    (policy,) = (
        policy
        for policy in cloud.of_type("storage", "AWS::SQS::QueuePolicy").values()
        for reference in policy["Queues"]
        if cloud.templates["storage"]["Resources"][reference["Ref"]]["Properties"]["QueueName"] == queue
    )
    return [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]


def test_the_domain_of_the_context_sends(named: Cloud) -> None:
    identity = named.only("storage", "AWS::SES::EmailIdentity")
    assert identity["EmailIdentity"] == "mail.example.com"
    assert identity["DkimAttributes"] == {"SigningEnabled": True}
    assert identity["FeedbackAttributes"] == {"EmailForwardingEnabled": False}
    variables = named.function("queues-emails")["Environment"]["Variables"]
    assert variables["WC_MAIL_FROM"] == "wecelebrate <mail@mail.example.com>"
    assert variables["WC_MAIL_CONFIGURATION_SET"] == "wecelebrate-dev-mail"
    assert variables["WC_RATE"] == "50.0"
    assert named.function("api-mails-read")["Environment"]["Variables"]["WC_MAIL_FROM"] == variables["WC_MAIL_FROM"]


def test_without_one_the_domain_is_one_that_nobody_has(dev: Cloud) -> None:
    assert dev.only("storage", "AWS::SES::EmailIdentity")["EmailIdentity"] == "dev.wecelebrate.invalid"
    assert dev.function("queues-emails")["Environment"]["Variables"]["WC_RATE"] == "14.0"


def test_who_uses_email_may_send_from_our_address_alone(named: Cloud, specs: tuple[FunctionSpec, ...]) -> None:
    assert {spec.name for spec in specs if "email" in spec.uses} == SENDERS
    for spec in specs:
        sends = [each for each in named.statements(spec.name) if "ses:" in str(each["Action"])]
        if spec.name not in SENDERS:
            assert sends == []
            continue
        (send,) = sends
        assert send["Action"] == "ses:SendEmail"
        assert {resource["Fn::Join"][1][-1].rpartition(":")[2] for resource in send["Resource"]} == {
            "identity/mail.example.com",
            "configuration-set/wecelebrate-dev-mail",
        }
        assert send["Condition"] == {"StringEquals": {"ses:FromAddress": "mail@mail.example.com"}}


def test_mails_are_sent_encrypted_and_held_back_by_our_own_list_alone(dev: Cloud) -> None:
    chosen = dev.only("storage", "AWS::SES::ConfigurationSet")
    assert chosen["Name"] == "wecelebrate-dev-mail"
    assert chosen["DeliveryOptions"]["TlsPolicy"] == "REQUIRE"
    assert chosen["SuppressionOptions"] == {"SuppressedReasons": []}


def test_ses_tells_the_bus_and_a_rule_tells_the_queue(dev: Cloud) -> None:
    told = dev.only("storage", "AWS::SES::ConfigurationSetEventDestination")["EventDestination"]
    assert set(told["MatchingEventTypes"]) == {"DELIVERY", "BOUNCE", "COMPLAINT", "REJECT"}
    assert told["Enabled"]
    assert str(told["EventBridgeDestination"]["EventBusArn"]).endswith(":event-bus/default']]}")
    rule = dev.only("storage", "AWS::Events::Rule")
    assert rule["EventPattern"]["source"] == ["aws.ses"]
    assert rule["EventPattern"]["detail"] == {"mail": {"tags": {"ses:configuration-set": ["wecelebrate-dev-mail"]}}}
    (target,) = rule["Targets"]
    _, queue = dev.follow("storage", target["Arn"])
    assert dev.templates["storage"]["Resources"][queue]["Properties"]["QueueName"] == "wecelebrate-dev-mail-events"


def test_nobody_but_that_rule_may_send_to_the_queue(dev: Cloud) -> None:
    (send,) = allowed(dev, "wecelebrate-dev-mail-events")
    assert send["Principal"] == {"Service": "events.amazonaws.com"}
    assert send["Action"] == "sqs:SendMessage"
    assert str(send["Condition"]["ArnEquals"]["aws:SourceArn"]).endswith(":rule/wecelebrate-dev-mail-events']]}")


def test_the_stack_needs_no_domain_when_nobody_is_told_of_mails(
    tmp_path: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> None:
    silent = tuple(spec for spec in specs if not (spec.queue and spec.queue.mail_events))
    others = tuple(spec for spec in silent if "queue:mail-events" not in spec.uses)
    cloud = synthesise(tmp_path, others, stub_layers)
    assert cloud.of_type("storage", "AWS::Events::Rule") == {}
