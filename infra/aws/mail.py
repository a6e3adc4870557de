"""SES: the sending domain, and the delivery events of mails.

Events go from SES through EventBridge to the queue that declares `mail_events`. EventBridge is used instead of an SNS
topic because only AWS can put events with the source `aws.ses` on a bus. A topic would have to admit SES in its policy,
and would need a paid KMS key whose policy admits SES as well.

    -c mail_domain=mail.example.com   the sending domain; verify it with the DNS records that SES shows
    -c mail_rate=14                   mails per second that SES allows this account
"""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.aws.queues import Queues, allow_events
from infra.environments import Environment
from infra.functions import FunctionSpec

NAME = "wecelebrate"
_EVENTS = ["DELIVERY", "BOUNCE", "COMPLAINT", "REJECT"]
"""Event types of SES that the platform handles."""
_DETAIL_TYPES = ["Email Delivered", "Email Bounced", "Email Complaint Received", "Email Rejected"]
"""The same events, as the `detail-type` of EventBridge."""


class MailService(Construct):
    """The SES identity and configuration set that send all mails, and the rule that routes their events."""

    def __init__(
        self, scope: Construct, environment: Environment, specs: tuple[FunctionSpec, ...], queues: Queues
    ) -> None:
        super().__init__(scope, "mail")
        context = self.node.try_get_context
        self.domain: str = context("mail_domain") or f"{environment.name}.wecelebrate.invalid"
        self.rate = str(float(context("mail_rate") or 14))
        self.sender = f"{NAME} <mail@{self.domain}>"
        self.configuration_set = environment.resource("mail")
        self._create_identity()
        configuration_set = self._create_configuration_set()
        for spec in specs:
            if spec.queue and spec.queue.mail_events:
                self._route_events(environment, queues.by_name[spec.queue_name], configuration_set)

    def grant_send(self, role: iam.IRole) -> None:
        """Allow `role` to send mails, only from the address of this service."""
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["ses:SendEmail"],
                # SES checks the permission for both: the identity and the configuration set.
                resources=[self._arn("identity", self.domain), self._arn("configuration-set", self.configuration_set)],
                conditions={"StringEquals": {"ses:FromAddress": f"mail@{self.domain}"}},
            )
        )

    def _create_identity(self) -> None:
        ses.CfnEmailIdentity(
            self,
            "identity",
            email_identity=self.domain,
            dkim_attributes=ses.CfnEmailIdentity.DkimAttributesProperty(signing_enabled=True),
            dkim_signing_attributes=ses.CfnEmailIdentity.DkimSigningAttributesProperty(
                next_signing_key_length="RSA_2048_BIT"
            ),
            # Bounces arrive as events. Nobody would read the mails that SES can send about them.
            feedback_attributes=ses.CfnEmailIdentity.FeedbackAttributesProperty(email_forwarding_enabled=False),
        )

    def _create_configuration_set(self) -> ses.CfnConfigurationSet:
        return ses.CfnConfigurationSet(
            self,
            "configuration-set",
            name=self.configuration_set,
            delivery_options=ses.CfnConfigurationSet.DeliveryOptionsProperty(tls_policy="REQUIRE"),
            reputation_options=ses.CfnConfigurationSet.ReputationOptionsProperty(reputation_metrics_enabled=True),
            # The suppression list is the one in our database. An address that is removed from it must not stay
            # suppressed in SES.
            suppression_options=ses.CfnConfigurationSet.SuppressionOptionsProperty(suppressed_reasons=[]),
        )

    def _route_events(
        self, environment: Environment, queue: sqs.Queue, configuration_set: ses.CfnConfigurationSet
    ) -> None:
        """Send the events of all mails of this environment to `queue`."""
        bus = cdk.Stack.of(self).format_arn(service="events", resource="event-bus", resource_name="default")
        destination = ses.CfnConfigurationSetEventDestination(
            self,
            "events",
            configuration_set_name=configuration_set.ref,
            event_destination=ses.CfnConfigurationSetEventDestination.EventDestinationProperty(
                name="events",
                enabled=True,
                matching_event_types=_EVENTS,
                event_bridge_destination=ses.CfnConfigurationSetEventDestination.EventBridgeDestinationProperty(
                    event_bus_arn=bus
                ),
            ),
        )
        name = environment.resource("mail-events")
        rule = events.CfnRule(
            self,
            "rule",
            name=name,
            description="SES events of mails sent by this environment",
            event_pattern={
                "source": ["aws.ses"],
                "detail-type": _DETAIL_TYPES,
                "account": [cdk.Aws.ACCOUNT_ID],
                "detail": {"mail": {"tags": {"ses:configuration-set": [self.configuration_set]}}},
            },
            targets=[events.CfnRule.TargetProperty(id="queue", arn=queue.queue_arn)],
        )
        allow_events(queue, self._rule_arn(name))
        destination.node.add_dependency(rule)

    def _arn(self, kind: str, name: str) -> str:
        return cdk.Stack.of(self).format_arn(service="ses", resource=kind, resource_name=name)

    def _rule_arn(self, name: str) -> str:
        return cdk.Stack.of(self).format_arn(service="events", resource="rule", resource_name=name)
