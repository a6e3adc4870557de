"""SES: the domain that mails come from, and the way back of what becomes of them.

SES → EventBridge → the queue that declares `mail_events`. By EventBridge, not by a topic of SNS: SES can write to a
topic only where that is open to it and is encrypted with a key that we would have to pay for and to open to it too;
and nobody but AWS can put events of source `aws.ses` on a bus.

    -c mail_domain=mail.example.com   the domain, to be verified by the DNS records that SES shows for it
    -c mail_rate=14                   mails a second that SES takes of this account
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
_TOLD = ["Email Delivered", "Email Bounced", "Email Complaint Received", "Email Rejected"]
"""What EventBridge calls them."""


class Mail(Construct):
    """The sender of all mails, and what tells of them."""

    def __init__(
        self, scope: Construct, environment: Environment, specs: tuple[FunctionSpec, ...], queues: Queues
    ) -> None:
        super().__init__(scope, "mail")
        context = self.node.try_get_context
        self.domain: str = context("mail_domain") or f"{environment.name}.wecelebrate.invalid"
        self.rate = str(float(context("mail_rate") or 14))
        self.sender = f"{NAME} <mail@{self.domain}>"
        self.configuration_set = environment.resource("mail")
        self._identity()
        told = self._configuration_set()
        for spec in specs:
            if spec.queue and spec.queue.mail_events:
                self._tell(environment, queues.by_name[spec.queue_name], told)

    def let_send(self, role: iam.IRole) -> None:
        """Let `role` send, from our address alone."""
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["ses:SendEmail"],
                # SES asks for both: whom a mail comes from, and what it is sent by.
                resources=[self._arn("identity", self.domain), self._arn("configuration-set", self.configuration_set)],
                conditions={"StringEquals": {"ses:FromAddress": f"mail@{self.domain}"}},
            )
        )

    def _identity(self) -> None:
        ses.CfnEmailIdentity(
            self,
            "identity",
            email_identity=self.domain,
            dkim_attributes=ses.CfnEmailIdentity.DkimAttributesProperty(signing_enabled=True),
            dkim_signing_attributes=ses.CfnEmailIdentity.DkimSigningAttributesProperty(
                next_signing_key_length="RSA_2048_BIT"
            ),
            # The queue hears of bounces: nobody reads what SES would mail of them.
            feedback_attributes=ses.CfnEmailIdentity.FeedbackAttributesProperty(email_forwarding_enabled=False),
        )

    def _configuration_set(self) -> ses.CfnConfigurationSet:
        return ses.CfnConfigurationSet(
            self,
            "configuration-set",
            name=self.configuration_set,
            delivery_options=ses.CfnConfigurationSet.DeliveryOptionsProperty(tls_policy="REQUIRE"),
            reputation_options=ses.CfnConfigurationSet.ReputationOptionsProperty(reputation_metrics_enabled=True),
            # Our own list is the one that counts: what a person lets go there must not stay on another.
            suppression_options=ses.CfnConfigurationSet.SuppressionOptionsProperty(suppressed_reasons=[]),
        )

    def _tell(self, environment: Environment, queue: sqs.Queue, told: ses.CfnConfigurationSet) -> None:
        bus = cdk.Stack.of(self).format_arn(service="events", resource="event-bus", resource_name="default")
        destination = ses.CfnConfigurationSetEventDestination(
            self,
            "events",
            configuration_set_name=told.ref,
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
            description="What SES tells of mails that were sent by this environment",
            event_pattern={
                "source": ["aws.ses"],
                "detail-type": _TOLD,
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
