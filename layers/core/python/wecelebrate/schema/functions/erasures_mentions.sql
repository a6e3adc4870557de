-- Erasure of persons: functions that find out whether a text or a JSON document mentions the person, and functions that
-- erase the rows with such texts.
--
-- Buyers choose their names, addresses and often their subjects. A text that a buyer has chosen must not match data of
-- other persons or of the platform, e.g. a key, a state, an id or a time. Therefore only whole words in values match.
--
-- Names, lines of addresses and reasons are the `phrases` of a person. A phrase can be any text, e.g. an error message
-- or the name of a shop. Therefore phrases are searched only in files (app.phrases_to_search), and in the entries of
-- the audit log about orders of the person. app.mentions ignores phrases.

set local role app_definer;

-- Returns whether a text is specific enough for a search. The text must have at least 6 characters, and must contain 3
-- letters in a row, 6 digits or an `@`. In every locale of the database, a character outside of ASCII counts as a
-- letter.
create or replace function app.is_needle(value text) returns boolean
language sql immutable set search_path = pg_catalog
return length(value) >= 6 and (
  strpos(value, '@') > 0 or value ~ '[^\x01-\x40\x5b-\x60\x7b-\x7f]{3}'
  or length(regexp_replace(value, '[^0-9]', '', 'g')) >= 6);

-- Returns a regular expression that finds `needle` (the searched text) only as whole words. If `needle` begins or ends
-- with a letter or a digit, the match must begin or end at a word boundary. Scripts without spaces between words have
-- no word boundaries.
create or replace function app.needle_pattern(needle text) returns text
language sql immutable set search_path = pg_catalog
return concat(
  case when needle ~ '^[0-9a-z\u00c0-\u024f\u0370-\u052f]' then '(^|[^0-9a-z\u00c0-\u024f\u0370-\u052f])' end,
  regexp_replace(needle, '([][\\.^$*+?(){}|])', '\\\1', 'g'),
  case when needle ~ '[0-9a-z\u00c0-\u024f\u0370-\u052f]$' then '($|[^0-9a-z\u00c0-\u024f\u0370-\u052f])' end);

-- Returns the texts that identify the person: the addresses and subjects, and the tracking data and telephone numbers
-- of orders. A telephone number counts only in its international form (`+49…`), because a buyer can write any number
-- into this field, e.g. a date or an article number. A tracking URL that contains the tracking number is left out,
-- because the search for the number also finds the URL. If a single order has more than 3 MB of tracking data, the
-- longest texts are left out, because a column has at most 4 MB.
create or replace function app.needles_of(e erasures, order_ids uuid[]) returns text[]
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select coalesce(array_agg(needle), '{}') from (
    select needle, sum(octet_length(needle) + 8) over (order by rank, length(needle), needle) as total
    from (
      select lower(btrim(text)) as needle, min(rank) as rank from (
        select 1, unnest(e.emails || e.subjects)
        union all select 2, o.shipping_address ->> 'phone' from orders o
        where o.id = any ($2) and o.shipping_address ->> 'phone' like '+%'
        union all select 3, tracking.text from shipments s cross join lateral (
          select unnest(array[s.tracking_number, case when app.is_needle(number)
            and strpos(lower(s.tracking_url), number) > 0 and lower(s.tracking_url) ~ app.needle_pattern(number)
            then null else s.tracking_url end])
          from lower(btrim(s.tracking_number)) number) tracking (text)
        where s.order_id = any ($2)
      ) texts (rank, text)
      where app.is_needle(lower(btrim(text)))
      group by 1
    ) needles (needle, rank)
  ) sized
  where total <= 3000000
$$;

-- Returns the texts that the person has chosen freely in orders. Such a text can be equal to any text of the platform
-- or of the client.
create or replace function app.phrases_of(order_ids uuid[]) returns text[]
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select coalesce(array_agg(distinct lower(btrim(text))), '{}') from (
    select unnest(array[o.customer_name, o.cancel_reason]) from orders o where o.id = any ($1)
    union all select value from orders o cross join jsonb_each_text(o.shipping_address)
    where o.id = any ($1) and key not in ('country', 'state', 'city', 'postal_code', 'type')
      and not (key = 'phone' and value like '+%')
  ) texts (text)
  where app.is_needle(lower(btrim(text)))
$$;

-- Returns a text as JSON: parsed if it is a document, otherwise as a string.
create or replace function app.as_document(content text) returns jsonb
language plpgsql immutable set search_path = pg_catalog
as $$
begin
  if content ~ '^\s*[[{"]' then
    return content::jsonb;
  end if;
  return to_jsonb(content);
exception
  when data_exception or program_limit_exceeded then
    return to_jsonb(content);
end
$$;

-- Returns a JSON document, and all JSON documents in its strings, at any depth. Each level of nesting doubles the
-- number of backslashes before a quotation mark. Therefore a document of one megabyte has at most about 20 levels.
create or replace function app.documents_in(content jsonb) returns setof jsonb
language sql immutable set search_path = pg_catalog, public, app, pg_temp
as $$
  with recursive documents (content, depth) as (
    select $1, 0
    union all
    select inside.content, d.depth + 1
    from documents d
      cross join lateral jsonb_path_query(d.content,
        'strict $.** ? (@.type() == "string" && @ like_regex "^\\s*[\\[{\"]")') node
      cross join lateral app.as_document(node #>> '{}') inside (content)
    where inside.content <> node and d.depth < 32
  )
  select d.content from documents d
$$;

-- Returns whether a JSON document contains a text that identifies the person, or a string that equals the person's
-- subject. JSON in strings is searched, too. Keys, fixed words of the platform (such as `order_file`), ids and times
-- are ignored. A string that equals the subject is never ignored.
create or replace function app.mentions(e erasures, content jsonb) returns boolean
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select exists (
    select from app.documents_in($2) document (content)
      cross join lateral jsonb_path_query(document.content, 'strict $.** ? (@.type() == "string")') node
      cross join lateral (select node #>> '{}' as value, lower(node #>> '{}') as lowered) texts
    where lowered = any (e.emails) or value = any (e.subjects) and value ~ '[0-9|@]'
      or value !~ ('^([a-z_.-]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
          '|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+ ?(Z|[+-][0-9:]+)?)?)$')
        and exists (
          select from unnest(e.needles) needle
          where case when strpos(lowered, needle) > 0 then lowered ~ app.needle_pattern(needle) end))
$$;

-- Returns whether an actor of the audit log is a buyer whose orders this erasure has erased, and was never a member of
-- the client or of the staff. Entries of members and staff keep their actors.
create or replace function app.is_only_buyer(e erasures, actor text) returns boolean
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select $2 !~ '^(service|login|machine):'
    and exists (select from orders o where o.erasure_id = e.id and o.client_id = e.client_id
      and o.customer_subject = app.pseudonym(e, $2))
    and not exists (select from client_users m where m.user_id = $2)
    and not exists (select from admin_users s where s.user_id = $2)
    and not exists (select from audit_log x where x.client_id = e.client_id and x.object_id = $2
      and x.action in ('member.create', 'member.delete'))
$$;

-- Erases the dead letters that mention the person. A message without a client can be about another client. In such a
-- message, only the complete addresses of the person are searched.
create or replace function app.erase_dead_letters(e erasures, ids uuid[]) returns void
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  by_email erasures := e;
begin
  by_email.needles := array(select email from unnest(e.emails) email where app.is_needle(email));
  by_email.subjects := '{}';
  update dead_letters d set body = '{"erased": true}', reason = 'The data of a person were erased.'
  where d.id = any (ids) and app.mentions(case when d.client_id is null then by_email else e end,
    jsonb_build_array(case when jsonb_typeof(d.body) = 'string' then app.as_document(d.body #>> '{}') else d.body end,
      d.reason));
end
$$;

-- Erases the tracking data in the payloads of webhook deliveries about the orders, and the responses of the endpoints.
-- If the tracking number was also the number of the shipment, app.erase_order_details has replaced this number. The
-- payload gets the same new number.
create or replace function app.erase_deliveries(e erasures, ids uuid[]) returns void
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  update webhook_deliveries d
  set payload = case
      when d.payload #> '{data,shipment_number}' is not null and not app.has_own_number(d.payload -> 'data')
      then jsonb_set(d.payload, '{data,shipment_number}',
        to_jsonb('erased-' || left(d.payload #>> '{data,shipment_id}', 36)))
      else d.payload end #- '{data,tracking_number}' #- '{data,tracking_url}',
    last_body = null, last_error = null, log = '[]'
  where d.id = any (ids) and (
    app.mentions(e, jsonb_build_array(d.payload, app.as_document(d.last_body), d.last_error, d.log))
    or exists (select from orders o where o.id::text = d.payload #>> '{data,order_id}' and o.erasure_id = e.id));
end
$$;

-- Erases the data about the person in the results of ended jobs. In jobs for order files, the numbers of the person's
-- orders are searched, too. Texts that the person has chosen freely are not searched, because these files are about
-- many orders, and a guest could choose e.g. the name of a carrier (app.erase_job_of_file).
create or replace function app.erase_jobs(e erasures, ids uuid[]) returns void
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  in_files erasures := e;
begin
  in_files.needles := e.needles || app.numbers_of(e, 6, 1000);
  update jobs j
  set result = null, first_errors = '[]', checkpoint = '{}', questions = null, answers = null,
    error = case when app.mentions(case j.type when 'order_file' then in_files else e end, to_jsonb(j.error))
      then 'The data of a person were erased.' else j.error end
  where j.id = any (ids) and j.type <> 'erasure' and j.status in ('completed', 'failed', 'cancelled')
    and app.mentions(case j.type when 'order_file' then in_files else e end,
      jsonb_build_array(j.result, j.first_errors, j.checkpoint, j.questions, j.answers, j.error));
end
$$;

-- Erases the person in entries of the audit log: as the actor on a site of the client, and in texts. Entries of members
-- and staff keep their actors, and entries about members keep their texts. The phrases of the person are searched only
-- in the entries about the orders of the person. A subject is searched only if it belongs to a buyer, because a visitor
-- can send events with any `user_id`, e.g. with the id of an object.
create or replace function app.erase_audit_entries(e erasures, ids uuid[]) returns void
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  others text[] := array(select subject from unnest(e.subjects) subject where not app.is_only_buyer(e, subject));
  in_orders erasures;
begin
  e.subjects := array(select subject from unnest(e.subjects) subject where subject <> all (others));
  e.needles := array(
    select needle from unnest(e.needles) needle
    where needle <> all (array(select lower(subject) from unnest(others) subject)));
  in_orders := e;
  in_orders.needles := e.needles || e.phrases;
  update audit_log a
  set subject = case when is_person and a.subject = any (e.subjects) then app.pseudonym(e, a.subject)
      else a.subject end,
    email = case when not is_person then a.email end, address = case when not is_person then a.address end,
    object_id = case when is_object then 'erased' else a.object_id end,
    details = case when has_texts and app.mentions(sought, a.details) then '{"erased": true}' else a.details end,
    before = case when has_texts and app.mentions(sought, a.before) then '{"erased": true}' else a.before end,
    after = case when has_texts and app.mentions(sought, a.after) then '{"erased": true}' else a.after end
  from (
    select x.id, about.has_texts,
      case when exists (select from orders o where o.id::text = x.object_id and o.erasure_id = e.id)
        then in_orders else e end as sought,
      case when x.admin_role is null and (x.subject = any (e.subjects) or lower(x.email) = any (e.emails))
        then app.is_only_buyer(e, x.subject) else false end as is_person,
      about.has_texts and (lower(x.object_id) = any (e.emails) or x.object_id = any (e.subjects)) as is_object
    from audit_log x
      cross join lateral (select x.action !~ '^(member|invitation|admin_user)[.]' as has_texts) about
    where x.id = any (ids)) entries
  where a.id = entries.id and (is_person or is_object
    or has_texts and app.mentions(sought, jsonb_build_array(a.details, a.before, a.after)));
end
$$;

-- Functions of the previous release. The old version of app.erase_jobs calls these functions. The next release drops
-- them.
create or replace function app.mentions_in_orders(e erasures, content jsonb) returns boolean
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  e.needles := e.needles || e.phrases;
  return app.mentions(e, content);
end
$$;

create or replace function app.job_mentions(e erasures, job_type text, content jsonb) returns boolean
language sql stable set search_path = pg_catalog, public, app, pg_temp
return case when job_type = 'order_file' then app.mentions_in_orders(e, content)
  else app.mentions(e, content) end;
