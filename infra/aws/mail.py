"""SES: the domain from which mails are sent, and the events about the delivery of mails.

SES sends the events to EventBridge, and EventBridge sends them to the queue that declares `mail_events`. There are two
reasons to use EventBridge and not an SNS topic. First, only AWS itself can send an EventBridge event with the source
`aws.ses`, so nobody can forge such an event. Second, an SNS topic would need a KMS key, which costs money, and a policy
that allows SES to use this key.

The operator's setting `mail_domain` is the domain of the sender. The setting `mail_rate` is the number of mails per
second that SES allows the account to send. Without a domain, no identity exists, and SES refuses every mail.
"""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.aws.checks import acknowledge_wildcard
from infra.aws.queues import Queues, allow_events
from infra.environments import Environment
from infra.functions import FunctionSpec

NAME = "wecelebrate"
_EVENTS = ["DELIVERY", "BOUNCE", "COMPLAINT", "REJECT"]
"""The event types of SES that the platform handles."""
_DETAIL_TYPES = ["Email Delivered", "Email Bounced", "Email Complaint Received", "Email Rejected"]
"""The names that EventBridge uses in `detail-type` for the event types in `_EVENTS`."""


class MailService(Construct):
    """The SES identity and the configuration set for all mails, and the rule that sends the events of these mails to a
    queue."""

    def __init__(
        self, scope: Construct, environment: Environment, specs: tuple[FunctionSpec, ...], queues: Queues
    ) -> None:
        super().__init__(scope, "mail")
        self.domain = environment.mail_domain
        self.rate = str(float(environment.settings.mail_rate))
        self.sender = f"{NAME} <mail@{self.domain}>"
        self.configuration_set = environment.resource("mail")
        if environment.settings.mail_domain:
            self._create_identity()
        configuration_set = self._create_configuration_set()
        for spec in specs:
            if spec.queue and spec.queue.mail_events:
                self._route_events(environment, queues.by_name[spec.queue_name], configuration_set)

    def grant_send(self, role: iam.IRole) -> None:
        """Allow `role` to send mails from the address of this service, and from no other address.

        In its sandbox, SES also checks the permission for the identity of the recipient. This identity can be any
        address. Therefore the policy allows all identities. A condition allows only one address as the sender.
        """
        identities = self._arn("identity", "*")
        role.add_to_principal_policy(
            iam.PolicyStatement(
                # SES requires the second action for mails with attachments, which we send as complete MIME messages.
                actions=["ses:SendEmail", "ses:SendRawEmail"],
                # SES requires permissions for two resources: the identity and the configuration set.
                resources=[identities, self._arn("configuration-set", self.configuration_set)],
                conditions={"StringEquals": {"ses:FromAddress": f"mail@{self.domain}"}},
            )
        )
        acknowledge_wildcard(
            role, identities, "The sandbox of SES checks the identity of the recipient; the condition limits the sender"
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
            # SES sends no mail for a bounce, because the platform gets bounces as events.
            feedback_attributes=ses.CfnEmailIdentity.FeedbackAttributesProperty(email_forwarding_enabled=False),
        )

    def _create_configuration_set(self) -> ses.CfnConfigurationSet:
        return ses.CfnConfigurationSet(
            self,
            "configuration-set",
            name=self.configuration_set,
            delivery_options=ses.CfnConfigurationSet.DeliveryOptionsProperty(tls_policy="REQUIRE"),
            reputation_options=ses.CfnConfigurationSet.ReputationOptionsProperty(reputation_metrics_enabled=True),
            # The database of the platform contains the suppression list. SES must not have a second list. Otherwise an
            # address that an operator removes from the list in the database would still get no mails.
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
