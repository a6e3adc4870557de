-- One round trip: who calls, what is left of the limits, and the value, or leave to load it.
--
-- KEYS: session, address limit ('' for none)
-- ARGV: prefix, now, a random token, name of whoever would load, life of its lock (ms), field of the caller in the
--   memory of recent writes, tag of what its session follows from, requests a minute of the address ('' not to count
--   it), '1' to count the request against the session's limit, how many requests of visitors there are to an order ('' to
--   count none: a site takes a part of its session's limit), suffix of the value ('' for none), name of its entity, '1'
--   when no request asks (what was just written is read, or what will be asked for), what the instance spent, tags of
--   the value…
-- Tags may hold $site and $catalog: those of the site that is visited. `<tag>:$client` is one tag for each client of the
-- caller, and the tag alone for who belongs to none and sees those of all.
--
-- Returns: status, session, limits, value, tokens, xids
--   status: session   no session: load it, save it, look again
--           limited   the last of the limits is used up
--           pass      no value was asked for
--           hit | stale     the value; stale: somebody else is loading it anew
--           load | refresh  load it: the lock is yours, save it with these tokens; refresh: there is an aged one
--           wait      somebody else is loading it
--   tokens: those of the value's tags, when the lock is yours
--   xids:   what a reader must have replayed to load the session or the value
--   limits: `name quota remaining seconds`, a line each

local token, owner, lock_life, caller = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local share, suffix, entity, aside = ARGV[10], ARGV[11], ARGV[12], ARGV[13] == '1'
local limits = {}
-- The value's own tags.
local own = {}
settle(ARGV[14], 0)

-- One more request of a limit over a window of `buckets` times `width` ms; whether it may be.
local function count(name, key, quota, width, buckets)
  local bucket = math.floor(now / width)
  local used, oldest, over = 0, bucket, {}
  local fields = call('HGETALL', key)
  for i = 1, #fields, 2 do
    local at = tonumber(fields[i])
    if at <= bucket - buckets then over[#over + 1] = fields[i]
    else
      used = used + tonumber(fields[i + 1])
      oldest = math.min(oldest, at)
    end
  end
  if #over > 0 then call('HDEL', key, unpack(over)) end
  local allowed = used < quota
  if allowed then
    if call('HINCRBY', key, bucket, 1) == 1 then call('PEXPIRE', key, width * (buckets + 1)) end
    used = used + 1
  end
  local seconds = math.ceil(((oldest + buckets) * width - now) / 1000)
  limits[#limits + 1] = table.concat({ name, quota, math.max(quota - used, 0), seconds }, ' ')
  return allowed
end

if ARGV[8] ~= '' and not count('address', KEYS[2], tonumber(ARGV[8]), 10000, 6) then
  return { 'limited', '', table.concat(limits, '\n') }
end

local raw_session = call('GET', KEYS[1])
local session = raw_session and parse(raw_session)
if not session or session.ages < now or not holds(session) then
  return { 'session', '', table.concat(limits, '\n'), '', '', recent_xids({ caller, ARGV[7] }) }
end

-- scope|tenant|limit name|quota|site|catalog
local scope, tenant, limit, quota, site, catalog =
  string.match(session.meta, '^([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)$')

-- Of one visit in ten, which domain it was: what the warming schedule loads before it is asked for.
local domain = string.match(KEYS[1], '^' .. string.gsub(prefix, '%W', '%%%0') .. 'public:visit:%l+:(.+)$')
if domain and now % 10 == 0 then
  local busy = prefix .. 'public:busy:' .. math.floor(now / 3600000)
  call('ZINCRBY', busy, 1, domain)
  call('PEXPIRE', busy, 7500000)
end

-- What happened, and how many commands it took.
local function account(outcome)
  if aside then
    if outcome ~= 'load' and outcome ~= 'refresh' then return end
    outcome = 'aside'
  end
  book(tenant, entity .. ':' .. outcome, 1, calls + 1)
end

local function answer(status, raw, tags)
  local xids = ''
  if status ~= 'hit' and status ~= 'stale' and status ~= 'limited' then
    -- The caller's own writes, what lately became of the caller, and of what is asked for.
    local fields = { caller }
    for _, tag in ipairs(session.tags) do fields[#fields + 1] = tag end
    for _, tag in ipairs(own) do fields[#fields + 1] = tag end
    xids = recent_xids(fields)
  end
  local tokens = tags and tokens_of(tags, token) or ''
  if status ~= 'wait' then account(status) end
  return { status, raw_session, table.concat(limits, '\n'), raw or '', tokens, xids }
end

if ARGV[9] == '1' and quota ~= '' and
  not count(limit, prefix .. tenant .. ':limit:' .. limit, tonumber(quota), 60000, 60) then
  return answer('limited')
end
if share ~= '' and quota ~= '' then
  local taken = prefix .. tenant .. ':limit:orders.' .. site
  if not count('orders', taken, math.floor(tonumber(quota) / tonumber(share)), 60000, 60) then
    return answer('limited')
  end
end
if suffix == '' then return answer('pass') end

local key = prefix .. scope .. ':' .. suffix
local raw = call('GET', key)
local value = raw and parse(raw)
if value and not holds(value) then value = nil end
if value and now < value.ages then return answer('hit', raw) end

local place = { site = site, catalog = catalog }
for i = 15, #ARGV do
  local of_clients = string.match(ARGV[i], '^(.+):%$client$')
  local n = #own
  for _, tag in ipairs(of_clients and session.tags or {}) do
    if string.sub(tag, 1, 7) == 'client:' then own[#own + 1] = of_clients .. string.sub(tag, 7) end
  end
  if #own == n then own[n + 1] = of_clients or (string.gsub(ARGV[i], '%$(%l+)', place)) end
end
local tags = {}
-- Whose rows these are, and whatever else of a caller decides what it sees.
for _, tag in ipairs(session.tags) do
  if string.sub(tag, 1, 5) ~= 'user:' then tags[#tags + 1] = tag end
end
for _, tag in ipairs(own) do tags[#tags + 1] = tag end
if call('SET', prefix .. scope .. ':lock:' .. suffix, owner, 'NX', 'PX', lock_life) then
  return answer(value and 'refresh' or 'load', value and raw, tags)
end
if value then return answer('stale', raw) end
return answer('wait')
