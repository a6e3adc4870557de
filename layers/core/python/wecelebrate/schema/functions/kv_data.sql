-- Functions that read values in documents of the key-value store. They read no table. If the meaning of a value is not
-- clear, they return null, and never guess.

set local role app_mirror;

-- Returns the name of a field in camelCase: `client_id` becomes `clientId`.
create or replace function kv.camel_name(name text) returns text
language sql immutable parallel safe
return case when name ~ '^[a-z0-9]+(_[a-z0-9]+)+$'
  then left(name, 1) || substr(replace(initcap(replace(name, '_', ' ')), ' ', ''), 2) else name end;

-- Returns whether a field of an object, or of a nested object, has a name in snake_case.
create or replace function kv.is_snake_case(value jsonb) returns boolean
language sql immutable parallel safe
return value::text ~ '"[a-z0-9]+_[a-z0-9_]*[a-z0-9]": ';

-- Returns an object with the names of its fields in camelCase. If a field has both spellings, camelCase wins.
create or replace function kv.camel(value jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  if not kv.is_snake_case(value) then
    return value;
  end if;
  return (select jsonb_object_agg(kv.camel_name(f.key), f.value order by f.key <> kv.camel_name(f.key) desc, f.key)
          from jsonb_each(value) f);
end
$$;

-- Returns the fields of a document that have a value, with their names in camelCase.
create or replace function kv.fields(value jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  fields jsonb := kv.camel(value);
begin
  if position('": null' in value::text) = 0 then
    return fields;
  end if;
  return (select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(fields) f where f.value <> 'null');
end
$$;

-- Returns whether a value has more than 32 levels of objects or arrays. The time to read such a value is proportional
-- to its size times its levels, and a very deep value exhausts the stack.
create or replace function kv.is_deep(value jsonb) returns boolean
language sql immutable parallel safe
return jsonb_path_exists(value, 'strict $.**{33}');

-- Returns a fingerprint of a document's content. The revision (functions/kv_mirror_revisions.sql) is not part of the
-- content.
create or replace function kv.fingerprint(value jsonb) returns bigint
language sql immutable parallel safe
return hashtextextended((case jsonb_typeof(value) when 'object' then value - '_rev' else value end)::text, 0);

-- Returns a document without its revision. Some documents are JSON in a string, because an application encoded them
-- twice.
create or replace function kv.decoded(value jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  if jsonb_typeof(value) = 'object' then
    return value - '_rev';
  end if;
  if jsonb_typeof(value) = 'string' and value #>> '{}' ~ '^\s*[[{"]' then
    return (value #>> '{}')::jsonb;
  end if;
  return value;
exception when others then
  return value;
end
$$;

-- Returns a text or a number as one line without surrounding spaces, cut to a maximum length. Returns null if the line
-- is empty. Control characters and characters that change the text direction become spaces.
create or replace function kv.line(value jsonb, length integer) returns text
language sql immutable parallel safe
return case when jsonb_typeof(value) in ('string', 'number') then nullif(left(btrim(regexp_replace(value #>> '{}',
  '[\u0001-\u001f\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]', ' ', 'g')),
  length), '') end;

-- Does the same as kv.line for a text with several lines, but keeps tabs and line breaks.
create or replace function kv.paragraphs(value jsonb, length integer) returns text
language sql immutable parallel safe
return case when jsonb_typeof(value) in ('string', 'number') then nullif(left(btrim(regexp_replace(value #>> '{}',
  '[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]',
  ' ', 'g'),
  E' \t\r\n'), length), '') end;

-- Returns whether a value means true, for example `true`, `1`, "true" or "yes". Returns null if the meaning is unknown.
create or replace function kv.flag(value jsonb) returns boolean
language sql immutable parallel safe
return case lower(kv.line(value, 10)) when 'true' then true when 'yes' then true when '1' then true
  when 'false' then false when 'no' then false when '0' then false
  else case jsonb_typeof(value) when 'boolean' then value::boolean end end;

-- Returns a value as a count: a whole number from 0 to 2,147,483,647. The value can be a number or a text.
create or replace function kv.whole(value jsonb) returns integer
language sql immutable parallel safe
return case when jsonb_typeof(value) in ('string', 'number') and btrim(value #>> '{}') ~ '^[0-9]{1,15}(\.0{1,10})?$'
  and btrim(value #>> '{}')::numeric <= 2147483647 then btrim(value #>> '{}')::numeric::integer end;

-- Returns a text if it is a valid web address: http or https, at most 2,048 characters, and without a user or a
-- password.
create or replace function kv.web_address(value jsonb) returns text
language sql immutable parallel safe
return case when jsonb_typeof(value) = 'string' and length(value #>> '{}') <= 2048
  and value #>> '{}' ~* '^https?://[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?([/?#][^\s]*)?$' then value #>> '{}' end;

-- Returns whether a value is an image in the document itself, in base64.
create or replace function kv.is_embedded(value jsonb) returns boolean
language sql immutable parallel safe
return coalesce(jsonb_typeof(value) = 'string' and left(value #>> '{}', 5) = 'data:', false);

-- Returns the number of a month from its English name or the first three letters of the name. Returns null for other
-- texts.
create or replace function kv.month(name text) returns integer
language sql immutable parallel safe
return (select n from unnest('{january,february,march,april,may,june,july,august,september,october,november,
    december}'::text[]) with ordinality months (month, n)
  where month = lower(name) or left(month, 3) = lower(name) or lower(name) = 'sept' and n = 9);

-- Returns the time at midnight UTC of a day that is given as numbers. Returns null if the day does not exist.
create or replace function kv.day(year integer, month integer, day integer) returns timestamptz
language plpgsql immutable parallel safe
as $$
begin
  if year not between 1970 and 2999 or month not between 1 and 12 or day not between 1 and 31
    or day > 28 and day > extract(day from make_date(year, month, 1) + interval '1 month' - interval '1 day') then
    return null;
  end if;
  return make_date(year, month, day)::timestamp at time zone 'UTC';
end
$$;

-- Returns the time that a value states. Accepted forms are ISO 8601, a day in English words ("February 20, 2026"), and
-- milliseconds since 1970. A time without a zone is in UTC. A day without a time is midnight UTC. A date such as
-- "03/04/2026" is not accepted, because it has two meanings.
create or replace function kv.moment(value jsonb) returns timestamptz
language plpgsql immutable strict parallel safe
as $$
declare
  t text := btrim(value #>> '{}');
  p text[];
  seconds text;
  zone text;
  moment timestamptz;
begin
  if jsonb_typeof(value) = 'number' or t ~ '^[0-9]{13}$' then
    return case when t::numeric between 100000000000 and 4102444800000 then to_timestamp(t::numeric / 1000) end;
  elsif jsonb_typeof(value) <> 'string' or value is null then
    return null;
  end if;
  if translate(t, '123456789', '000000000') = '0000-00-00T00:00:00.000Z' then  -- as JavaScript writes it
    moment := kv.day(left(t, 4)::integer, substr(t, 6, 2)::integer, substr(t, 9, 2)::integer);
    return case when substr(t, 12, 2) < '24' and substr(t, 15, 2) < '60' and substr(t, 18, 2) < '60' then moment
      + make_interval(hours => substr(t, 12, 2)::integer, mins => substr(t, 15, 2)::integer,
          secs => substr(t, 18, 6)::double precision) end;
  elsif t !~ '^[0-9]{4}-' then
    p := regexp_match(t, '^([A-Za-z]{3,9})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})$');
    if p is not null then
      return kv.day(p[3]::integer, kv.month(p[1]), p[2]::integer);
    end if;
    p := regexp_match(t, '^([0-9]{1,2})\.? ([A-Za-z]{3,9})\.?,? ([0-9]{4})$');
    return kv.day(p[3]::integer, kv.month(p[2]), p[1]::integer);
  end if;
  if t !~* ('^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?'
    || ' ?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$') then
    return null;
  end if;
  moment := kv.day(left(t, 4)::integer, substr(t, 6, 2)::integer, substr(t, 9, 2)::integer);
  if length(t) > 10 then
    seconds := case when substr(t, 17, 1) = ':' then substring(substr(t, 18) from '^[0-9.]+') else '0' end;
    zone := case when right(t, 1) in ('Z', 'z') then null else substring(substr(t, 17) from '[+-][0-9:]+$') end;
    zone := replace(zone, ':', '');
    if substr(t, 12, 2)::integer > 23 or substr(t, 15, 2)::integer > 59 or seconds::numeric >= 60
      or substr(zone, 2, 2)::integer > 15 or right(zone, 2)::integer > 59 then
      return null;
    end if;
    moment := moment + make_interval(hours => substr(t, 12, 2)::integer, mins => substr(t, 15, 2)::integer,
        secs => seconds::double precision)
      - coalesce((left(zone, 1) || '1')::integer
          * make_interval(hours => substr(zone, 2, 2)::integer, mins => right(zone, 2)::integer), '0');
  end if;
  return moment;
end
$$;

-- Returns the time in an id, for example in `gift-<milliseconds>-<random>` or `ORD-<milliseconds>-<counter>`.
create or replace function kv.time_in_id(old_id text) returns timestamptz
language sql immutable parallel safe
return kv.moment(to_jsonb(substring(old_id from '^[A-Za-z]+-([0-9]{13})(-|$)')));

-- Returns the currency code of a text: a code of an active currency of ISO 4217, in upper or lower case, or a currency
-- sign with only one meaning. Returns null for other texts.
create or replace function kv.currency(name text) returns text
language sql immutable parallel safe
return case btrim(name) when '€' then 'EUR' when '£' then 'GBP' when 'US$' then 'USD' when '₹' then 'INR'
  else case when upper(btrim(name)) = any ('{
    AED,AFN,ALL,AMD,AOA,ARS,AUD,AWG,AZN,BAM,BBD,BDT,BHD,BIF,BMD,BND,BOB,BRL,BSD,BTN,BWP,BYN,BZD,CAD,CDF,CHF,CLP,
    CNY,COP,CRC,CUP,CVE,CZK,DJF,DKK,DOP,DZD,EGP,ERN,ETB,EUR,FJD,FKP,GBP,GEL,GHS,GIP,GMD,GNF,GTQ,GYD,HKD,HNL,HTG,
    HUF,IDR,ILS,INR,IQD,IRR,ISK,JMD,JOD,JPY,KES,KGS,KHR,KMF,KPW,KRW,KWD,KYD,KZT,LAK,LBP,LKR,LRD,LSL,LYD,MAD,MDL,
    MGA,MKD,MMK,MNT,MOP,MRU,MUR,MVR,MWK,MXN,MYR,MZN,NAD,NGN,NIO,NOK,NPR,NZD,OMR,PAB,PEN,PGK,PHP,PKR,PLN,PYG,QAR,
    RON,RSD,RUB,RWF,SAR,SBD,SCR,SDG,SEK,SGD,SHP,SLE,SOS,SRD,SSP,STN,SVC,SYP,SZL,THB,TJS,TMT,TND,TOP,TRY,TTD,TWD,
    TZS,UAH,UGX,USD,UYU,UZS,VED,VES,VND,VUV,WST,XAF,XCD,XCG,XOF,XPF,YER,ZAR,ZMW,ZWG}'::text[])
    then upper(btrim(name)) end end;

-- Returns the amount that a text states in digits. A text with a single separator before exactly three digits ("1.234")
-- is not accepted, because it has two meanings.
create or replace function kv.digits(t text) returns numeric
language sql immutable parallel safe
return case
  when length(t) > 40 then null
  when t ~ '^[0-9]+$' then t::numeric
  when t ~ '^[0-9]+[.,][0-9]{1,2}$' then replace(t, ',', '.')::numeric
  when t ~ '^[0-9]{1,3}(\.[0-9]{3})+,[0-9]{1,2}$' then replace(replace(t, '.', ''), ',', '.')::numeric
  when t ~ '^[0-9]{1,3}(,[0-9]{3})+\.[0-9]{1,2}$' then replace(t, ',', '')::numeric
  when t ~ '^[0-9]{1,3}([ ''’][0-9]{3})+([.,][0-9]{1,2})?$' then
    replace(regexp_replace(t, '[ ''’]', '', 'g'), ',', '.')::numeric
  when t ~ '^[0-9]{1,3}(\.[0-9]{3}){2,}$' or t ~ '^[0-9]{1,3}(,[0-9]{3}){2,}$' then
    regexp_replace(t, '[.,]', '', 'g')::numeric
end;

-- Returns an amount of money, or the reason why the value cannot be read. `sign` is the currency that stands next to
-- the amount.
create or replace function kv.money(value jsonb, out amount numeric, out sign text, out reason text)
language plpgsql immutable parallel safe
as $$
declare
  p text[];
begin
  if jsonb_typeof(value) = 'number' then
    amount := trim_scale(value::numeric);
  elsif jsonb_typeof(value) = 'string' then
    p := regexp_match(translate(btrim(value #>> '{}'), E'\u00a0\u202f\u2212', '  -'),
      '^([A-Za-z]{3}|[A-Z]{0,2}[€$£¥₹])? ?(-?) ?'
      || '([0-9][0-9.,'' ’]*[0-9]|[0-9]) ?([A-Za-z]{3}|[€$£¥₹])?$');
    amount := kv.digits(p[3]) * case p[2] when '-' then -1 else 1 end;
    sign := coalesce(p[1], p[4]);
  end if;
  reason := case
    when amount is null then 'price_unreadable'
    when coalesce(p[1], '') <> '' and coalesce(p[4], '') <> '' then 'price_unreadable'
    when amount < 0 then 'price_negative'
    when amount >= 1000000000000 then 'price_too_large' end;
  if reason is not null then
    amount := null;
    sign := null;
  end if;
end
$$;

-- Returns whether the currency sign next to an amount can mean `currency`.
create or replace function kv.sign_fits(sign text, currency text) returns boolean
language sql immutable parallel safe
return case
  when sign is null then true
  when sign = '$' then currency = any ('{USD,CAD,AUD,NZD,HKD,SGD,MXN,ARS,CLP,COP,TWD}'::text[])
  when sign = '¥' then currency in ('JPY', 'CNY')
  else coalesce(kv.currency(sign) = currency, false) end;

-- Returns whether a text can contain a secret. This check is much faster than a check of each field name.
create or replace function kv.may_have_secret(t text) returns boolean
language sql immutable parallel safe
return position('pass' in t) > 0 or position('secret' in t) > 0
  or position('token' in t) > 0 or position('key' in t) > 0 or position('credential' in t) > 0
  or position('authori' in t) > 0 or position('bearer' in t) > 0 or position('cookie' in t) > 0
  or position('session' in t) > 0 or position('connection' in t) > 0 or position('ftp' in t) > 0
  or position('otp' in t) > 0 or position('pwd":' in t) > 0 or position('pin":' in t) > 0
  or position('"auth' in t) > 0
  or position('eyj' in t) > 0 or position('-----begin' in t) > 0 or position('basic ' in t) > 0
  or position('sig=' in t) > 0 or position('signature=' in t) > 0 or position('code=' in t) > 0
  or position('hooks.slack.com' in t) > 0 or position('akia' in t) > 0
  or position('://' in t) > 0 and position('@' in t) > 0;

-- Returns whether a text is, or contains, a secret: a private key, a token, the value of the header `Authorization`, or
-- an address that contains a password, a signature or a token.
create or replace function kv.is_secret(t text) returns boolean
language sql immutable parallel safe
return t ~ '://[^/"]*@' or t ~ '\meyJ[A-Za-z0-9_-]{10,}\.' or t ~ '-----BEGIN|AKIA[0-9A-Z]{16}'
  or t ~* 'hooks\.slack\.com|[?&]([a-z_-]*(sig|signature|token|key)|code)=|^(bearer .*|basic +[a-z0-9+/]+=*)$';

-- Returns a value without secrets. Fields whose names mean passwords, keys or tokens are left out. A text that is a
-- secret becomes null. If `images` is false, images in base64 are left out, too.
create or replace function kv.cleaned(value jsonb, images boolean default true) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  t constant text := value::text;
  secret constant text := 'pass_?-?(w|phrase|code|key)|secret|token|api_?-?key|credential|'
    || '(private|access|client|account|auth|'
    || 'encryption|signing|shared|license|subscription|storage|master)_?-?key|authori[sz]ation|bearer|cookie|session|'
    || 'connection_?string|ftp|^otp|otp$|^(auth|key)$';
begin
  if value is null or jsonb_typeof(value) not in ('object', 'array', 'string')
    or not kv.may_have_secret(lower(t collate "C")) and (images or position('"data:' in t) = 0) then
    return value;
  end if;
  return case jsonb_typeof(value)
    when 'object' then (
      select coalesce(jsonb_object_agg(f.key, kv.cleaned(f.value, images)), '{}') from jsonb_each(value) f
      where f.key !~* secret
        and regexp_replace(f.key, '([a-z0-9])([A-Z])', '\1_\2', 'g') !~* '(^|[^a-z])(pwd|pass|pin)$'
        and (images or not kv.is_embedded(f.value)))
    when 'array' then (
      select coalesce(jsonb_agg(kv.cleaned(e.value, images) order by e.n), '[]')
      from jsonb_array_elements(value) with ordinality e (value, n) where images or not kv.is_embedded(e.value))
    when 'string' then case when kv.is_secret(value #>> '{}') then 'null'::jsonb else value end
  end;
end
$$;

-- Returns the fields of a document that the mapping has not used, without secrets.
create or replace function kv.rest(value jsonb, used text[]) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  if not kv.is_snake_case(value) then
    return kv.cleaned(value - used);
  end if;
  return kv.cleaned((select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(value) f
                     where kv.camel_name(f.key) <> all (used)));
end
$$;

-- Returns the id of the row of a document. In the environment `production`, an id that is a UUID is returned unchanged.
-- From any other id, the function computes a UUIDv8 (RFC 9562) with the SHA-256 hash of the environment, the entity and
-- the id.
create or replace function kv.id_of(entity text, environment text, old_id text) returns uuid
language plpgsql immutable parallel safe
as $$
declare
  h bytea;
begin
  if environment = 'production' and old_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    return old_id::uuid;
  end if;
  h := substring(sha256(convert_to(concat_ws(':', environment, entity, old_id), 'UTF8')) from 1 for 16);
  return encode(set_byte(set_byte(h, 6, get_byte(h, 6) & 15 | 128), 8, get_byte(h, 8) & 63 | 128), 'hex')::uuid;
end
$$;

-- Returns the keys under which an entity with an old id can have documents. The first of these keys that exists in the
-- store is used. Keys in the form of the last version of the applications come first. This form has the plural for
-- catalogs (`catalogs:<id>`), and the singular for all other entities. In each form, the key with the environment comes
-- before the key without the environment. Only the environment `production` has keys without an environment.
create or replace function kv.keys_of(entity text, environment text, old_id text) returns text[]
language plpgsql immutable parallel safe
as $$
declare
  first text := case entity when 'product' then 'gift' when 'catalog' then 'catalogs' else entity end;
  second text := case entity when 'product' then 'gifts' when 'catalog' then 'catalog' else entity || 's' end;
begin
  if environment <> 'production' then
    return array[first || ':' || environment || ':' || old_id, second || ':' || environment || ':' || old_id];
  end if;
  return array[first || ':production:' || old_id, first || ':' || old_id, second || ':production:' || old_id,
    second || ':' || old_id];
end
$$;
