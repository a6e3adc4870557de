-- The signatures of these functions have changed before a release. The new ones have the client of the person.

set local role app_mirror;

drop function if exists kv.erase_copies(text[], text, integer);
drop function if exists kv.document_without_copies(text, jsonb, text[]);
drop function if exists kv.without_copies(text, jsonb, boolean, text[]);
