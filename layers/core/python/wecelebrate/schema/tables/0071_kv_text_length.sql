-- The bound of a document of the store holds for its text, whatever its stored size is: PostgreSQL stores the number
-- 1e131000 in 8 bytes, and its text has 131,001. app.json_fits does not read the text of a value of at most 2,000
-- bytes, because the numbers in requests of the API are doubles. The old applications write any number. The constraint
-- is not validated, because the documents that exist were written by applications that know only doubles.

set local role app_owner;

alter table kv_store_6fcaeea3
  add constraint kv_store_6fcaeea3_text_length check (octet_length(value::text) <= 6000000) not valid;
