-- Functions of the mirror that have other parameters now, or that nothing calls any more. No release has them.

set local role app_mirror;

drop function if exists kv.refuse_documents(text[], text);
drop function if exists kv.erased_document(text);
drop function if exists kv.with_stock_of_row(kv.draft, jsonb);
drop function if exists kv.without_person(text, jsonb, uuid, jsonb);
