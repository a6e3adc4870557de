-- no-transaction
-- Counts the mails of a member.
set role app_owner;
drop index concurrently if exists mails_reports_by_member;
create index concurrently mails_reports_by_member on mails (client_id, (details ->> 'member_id'), created_at)
  where template = 'report';
reset role;
