-- Jobs that a worker claims together.
--
-- Mails are many and small. A worker claims several of them at once, and reads what they need in one transaction. All
-- jobs that a worker has claimed together have the same batch, so app.claim_job_batch can count the workers of a
-- client. A job that a worker has claimed alone has no batch.

set local role app_owner;

alter table jobs add column batch uuid;

-- One of 16 mails is a sample. The samples of a client show about how many mails it has sent in the last hour. Only if
-- this may be its limit, app.claim_guest_mail counts all its mails: counting them for each order took the more time the
-- more orders a client had.
alter table guest_mails add column is_sample boolean not null default random() < 0.0625;
create index guest_mails_samples on guest_mails (client_id, created_at) where is_sample;

-- Each order updates its products. With free space in the page, such an update adds no entries to the seven indexes of
-- products: of the first updates of new products, 100 % instead of 50 %.
alter table products set (fillfactor = 90);
