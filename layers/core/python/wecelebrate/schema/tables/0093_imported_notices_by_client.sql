-- no-transaction
-- Counts the mails about imported orders of a client.
set role app_owner;
drop index concurrently if exists guest_mails_imported_by_client;
create index concurrently guest_mails_imported_by_client on guest_mails (client_id, created_at) where is_imported;
reset role;
