-- Members who have ended the mails of a report stay unsubscribed when the report is deleted and created again.

set local role app_owner;

alter table client_users add column reports_ended_at timestamptz;
comment on column client_users.reports_ended_at is
  'When the member ended a report that was deleted later. New reports are not sent until the member subscribes. '
  'Null: new reports are sent.';
