-- Verified domains. A domain belongs to the site that has verified it in DNS. Other sites may only claim the domain.

set local role app_owner;

-- 40 random bits. The suffix makes a slug unique, and nobody can guess the slug of a site that is not public yet.
create function app.slug_suffix() returns text
language sql volatile return left(replace(gen_random_uuid()::text, '-', ''), 10);
grant execute on function app.slug_suffix() to app_migrate, app_admin, app_client;

alter table sites
  add column slug text not null default 'shop-' || app.slug_suffix(),
  add column domain_token text not null default replace(gen_random_uuid()::text, '-', ''),
  add column domain_verified_at timestamptz,
  add constraint sites_slug_key unique (slug),
  add constraint sites_slug_length check (length(slug) <= 63),
  add constraint sites_domain_token_length check (length(domain_token) <= 64),
  add constraint sites_slug_check check (
    slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' and slug !~ '^..--'
    and slug not in ('www', 'api', 'admin', 'console', 'mail', 'smtp', 'imap', 'mx', 'ns', 'ftp', 'auth', 'login',
      'sso', 'app', 'assets', 'static', 'cdn', 'images', 'docs', 'help', 'support', 'status', 'blog', 'shop', 'account',
      'accounts', 'billing', 'internal', 'staging', 'dev', 'test', 'localhost', 'autoconfig', 'autodiscover', 'wpad',
      'isatap', 'broadcasthost', 'postmaster', 'hostmaster', 'webmaster', 'abuse', 'security', 'root')),
  -- At least two labels of at most 63 characters, and a top-level domain that is no number and not `localhost`.
  add constraint sites_verified_domain_check check (
    domain_verified_at is null
    or (domain is not null
        and domain ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$'
        and domain !~ '\.localhost$'));
comment on column sites.slug is 'The label of the site below the domain of the platform. It never changes.';
comment on column sites.domain is
  'The domain that the client wants. Visitors reach the site at this domain only after it is verified.';
comment on column sites.domain_token is 'The value that the TXT record of the domain must contain.';

-- Several sites may claim a domain. Only one site can have verified it.
alter table sites drop constraint sites_domain_key;
create unique index sites_verified_domain on sites (domain) where domain_verified_at is not null;

create policy definer_update on sites for update to app_definer using (true) with check (true);
grant update on sites to app_definer;

-- The shops that are open stay open. The owner of a domain takes it over from a shop that has only claimed it.
set local role app_migrate;
update sites set domain_verified_at = now()
where status = 'active' and domain !~ '\.localhost$'
  and domain ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$';
