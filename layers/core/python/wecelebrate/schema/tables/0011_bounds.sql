-- Bounds of all stored texts and JSON values that a caller, a file or a job can fill.
--
-- The API limits the fields of a request. But a stored value can also grow: a merge patch adds members to an object, a
-- file fills a product, and a job writes its result. One row that is larger than a response would end every list that
-- contains the row. Therefore the database bounds each value, so that every row fits on a page of its own
-- (core.pages.MAX_RESPONSE_BYTES).
--
-- The name of a constraint tells the API what to answer (core.database.errors): <table>_<column>_size bounds a free
-- JSON object of a caller, and its limit is core.models.MAX_OBJECT_BYTES. <table>_<column>_length bounds any other
-- value. Texts are measured in characters, as in the models of the API. JSON is measured in bytes of its text.

set local role app_owner;

-- Returns whether the text of a JSON value has at most `max_bytes` bytes. `max_bytes` must be at least 64 kB.
--
-- Only the text says how large a value is in a response: PostgreSQL compresses stored values by a factor of up to 250.
-- The first condition avoids the text for most rows, because the text costs 1 to 3 µs per value, and a load writes two
-- values for each product. An uncompressed value of 2,000 bytes has a text of at most 52 kB: a control character takes
-- 6 bytes instead of 1, and a number that fits in the JSON of a request (a double) takes 310 bytes instead of 12.
--
-- The planner inlines this function.
create function app.json_fits(value jsonb, max_bytes integer) returns boolean
language sql stable parallel safe
return (pg_column_size(value) <= 2000 and pg_column_compression(value) is null)
  or octet_length(value::text) <= max_bytes;
grant execute on function app.json_fits(jsonb, integer) to public;

alter table clients
  add constraint clients_name_length check (length(name) <= 500),
  add constraint clients_slug_length check (length(slug) <= 100),
  add constraint clients_description_length check (length(description) <= 100000),
  add constraint clients_logo_url_length check (length(logo_url) <= 2048),
  add constraint clients_contact_email_length check (length(contact_email) <= 500),
  add constraint clients_contact_phone_length check (length(contact_phone) <= 500),
  add constraint clients_address_length check (length(address) <= 100000),
  add constraint clients_settings_size check (app.json_fits(settings, 524288));
alter table admin_users
  add constraint admin_users_user_id_length check (length(user_id) <= 500),
  add constraint admin_users_email_length check (length(email) <= 500);
alter table client_users
  add constraint client_users_user_id_length check (length(user_id) <= 500),
  add constraint client_users_email_length check (length(email) <= 500);
alter table catalogs
  add constraint catalogs_name_length check (length(name) <= 500),
  add constraint catalogs_source_length check (length(source) <= 500),
  add constraint catalogs_source_config_size check (app.json_fits(source_config, 524288)),
  add constraint catalogs_sync_settings_length check (app.json_fits(sync_settings, 65536)),
  add constraint catalogs_pricing_rules_size check (app.json_fits(pricing_rules, 524288));
alter table sites
  add constraint sites_name_length check (length(name) <= 500),
  add constraint sites_domain_length check (length(domain) <= 253),
  add constraint sites_branding_size check (app.json_fits(branding, 524288)),
  add constraint sites_settings_size check (app.json_fits(settings, 524288));

-- The first condition on a description needs no decompression. `images` has at most 50 URLs of 2,048 characters.
-- `media` describes those of these images that were fetched. `source_data` is the row of a file. No list shows it.
alter table products
  add constraint products_sku_length check (length(sku) <= 200),
  add constraint products_name_length check (length(name) <= 500),
  add constraint products_description_length
    check (octet_length(description) <= 100000 or length(description) <= 100000),
  add constraint products_category_length check (length(category) <= 300),
  add constraint products_brand_length check (length(brand) <= 300),
  add constraint products_images_length check (app.json_fits(images, 655360)),
  add constraint products_attributes_size check (app.json_fits(attributes, 524288)),
  add constraint products_source_data_length check (app.json_fits(source_data, 2097152)),
  add constraint products_media_length check (octet_length(media) <= 262144);
alter table site_product_exclusions
  add constraint site_product_exclusions_reason_length check (length(reason) <= 100000);
alter table images
  add constraint images_type_length check (length(type) <= 200),
  add constraint images_etag_length check (length(etag) <= 1000),
  add constraint images_error_code_length check (length(error_code) <= 100),
  add constraint images_error_length check (length(error) <= 5000),
  add constraint images_renditions_length check (app.json_fits(renditions, 65536));

-- `items` has at most 100 lines, each with a SKU, a name and the URL of an image. Together they have at most 2,748
-- characters, and a control character has 6 bytes as JSON.
alter table orders
  add constraint orders_order_number_length check (length(order_number) <= 50),
  add constraint orders_customer_subject_length check (length(customer_subject) <= 500),
  add constraint orders_customer_name_length check (length(customer_name) <= 500),
  add constraint orders_customer_email_length check (length(customer_email) <= 500),
  add constraint orders_shipping_address_length check (app.json_fits(shipping_address, 65536)),
  add constraint orders_items_length check (app.json_fits(items, 1700000)),
  add constraint orders_metadata_length check (app.json_fits(metadata, 65536));
alter table order_lines
  add constraint order_lines_sku_length check (length(sku) <= 200),
  add constraint order_lines_name_length check (length(name) <= 500);

-- `checkpoint` contains the header of a file: at most 2,000 columns. No list shows it.
alter table jobs
  add constraint jobs_requested_by_length check (length(requested_by) <= 500),
  add constraint jobs_payload_length check (app.json_fits(payload, 65536)),
  add constraint jobs_result_length check (app.json_fits(result, 1048576)),
  add constraint jobs_error_code_length check (length(error_code) <= 100),
  add constraint jobs_error_length check (length(error) <= 5000),
  add constraint jobs_counts_length check (app.json_fits(counts, 65536)),
  add constraint jobs_first_errors_length check (app.json_fits(first_errors, 524288)),
  add constraint jobs_checkpoint_length check (app.json_fits(checkpoint, 8388608)),
  add constraint jobs_ordering_key_length check (length(ordering_key) <= 500),
  add constraint jobs_notify_email_length check (length(notify_email) <= 500);
alter table drops
  add constraint drops_key_length check (length(key) <= 2000),
  add constraint drops_version_id_length check (length(version_id) <= 2000),
  add constraint drops_sequencer_length check (length(sequencer) <= 500),
  add constraint drops_etag_length check (length(etag) <= 500);
alter table dead_letters
  add constraint dead_letters_queue_length check (length(queue) <= 200),
  add constraint dead_letters_body_length check (app.json_fits(body, 1048576)),
  add constraint dead_letters_code_length check (length(code) <= 100),
  add constraint dead_letters_reason_length check (length(reason) <= 5000),
  add constraint dead_letters_redriven_by_length check (length(redriven_by) <= 500);
alter table schedules
  add constraint schedules_cron_length check (length(cron) <= 200),
  add constraint schedules_timezone_length check (length(timezone) <= 100),
  add constraint schedules_settings_length check (app.json_fits(settings, 65536)),
  add constraint schedules_last_outcome_length check (length(last_outcome) <= 5000);
alter table uploads
  add constraint uploads_key_length check (length(key) <= 2000),
  add constraint uploads_name_length check (length(name) <= 500),
  add constraint uploads_content_type_length check (length(content_type) <= 500),
  add constraint uploads_created_by_length check (length(created_by) <= 500);

alter table webhooks
  add constraint webhooks_description_length check (length(description) <= 500),
  add constraint webhooks_events_length check (octet_length(events::text) <= 5000);
alter table webhook_secrets
  add constraint webhook_secrets_secret_length check (length(secret) <= 500);
alter table webhook_deliveries
  add constraint webhook_deliveries_event_length check (length(event) <= 100),
  add constraint webhook_deliveries_payload_length check (app.json_fits(payload, 1048576)),
  add constraint webhook_deliveries_last_error_length check (length(last_error) <= 5000),
  add constraint webhook_deliveries_last_body_length check (length(last_body) <= 5000),
  add constraint webhook_deliveries_log_length check (app.json_fits(log, 524288));

alter table mails
  add constraint mails_recipient_length check (length(recipient) <= 500),
  add constraint mails_details_length check (app.json_fits(details, 65536)),
  add constraint mails_locale_length check (length(locale) <= 100),
  add constraint mails_reason_length check (length(reason) <= 5000),
  add constraint mails_message_id_length check (length(message_id) <= 500);
alter table mail_suppressions
  add constraint mail_suppressions_address_length check (length(address) <= 500),
  add constraint mail_suppressions_reason_length check (length(reason) <= 5000),
  add constraint mail_suppressions_released_by_length check (length(released_by) <= 500);

alter table analytics_events
  add constraint analytics_events_event_type_length check (length(event_type) <= 200),
  add constraint analytics_events_user_id_length check (length(user_id) <= 500),
  add constraint analytics_events_session_id_length check (length(session_id) <= 500),
  add constraint analytics_events_event_data_length check (app.json_fits(event_data, 65536));

-- `body` is the response to a request, and has at most the size of a response.
alter table idempotency_keys
  add constraint idempotency_keys_subject_length check (length(subject) <= 500),
  add constraint idempotency_keys_request_hash_length check (length(request_hash) <= 100),
  add constraint idempotency_keys_headers_length check (app.json_fits(headers, 65536)),
  add constraint idempotency_keys_body_length check (octet_length(body) <= 6000000);
alter table kill_switches
  add constraint kill_switches_updated_by_length check (length(updated_by) <= 500);
alter table audit_log
  add constraint audit_log_subject_length check (length(subject) <= 500),
  add constraint audit_log_action_length check (length(action) <= 200),
  add constraint audit_log_object_id_length check (length(object_id) <= 500),
  add constraint audit_log_details_length check (app.json_fits(details, 65536));
