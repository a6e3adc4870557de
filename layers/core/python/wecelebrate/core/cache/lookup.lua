-- Handle one request in one round trip: resolve its session, count the request, and get the requested value. If there
-- is no valid value, acquire the lock that allows the request to load the value.
--
-- KEYS: session, address limit ('' for none), subject limit ('' for none)
-- ARGV: prefix, now, the fields of CacheLookup as JSON
-- A tag can contain $site and $catalog. They are replaced by the ids of the visited site and of its catalog.
-- `<tag>:$client` is replaced by one tag `<tag>:<client id>` for each client of the caller. If the caller belongs to no
-- client and sees the rows of all clients, the replacement is `<tag>`.
--
-- Returns: status, session, limits, value, tokens, xids
--   status: no_session  There is no valid session: load it, store it with put.lua, and look up again.
--           limited     The last limit in `limits` is used up.
--           pass        The request reads no value.
--           hit         The value is valid.
--           stale       The value has expired. Another request is loading the new value, or this request may not store it.
--           load        There is no value, and this request has the lock: load the value, store it with `tokens`.
--           first       There is no value, and it would not be stored, e.g. at its first use: load it, and do not store it.
--           refresh     Like load, but there is also an expired value.
--           wait        There is no value. Another request is loading it.
--   limits: one line `name quota remaining seconds` for each counted limit
--   tokens: the versions of the value's tags (with load and refresh)
--   xids:   the transactions that a replica must have replayed before it is used to load the session or value

local request = cjson.decode(ARGV[3])
record_usage(request.usage, 0)

-- A member's requests count against the limit of the member's client, each as one request.
local cost = request.is_member and 1 or request.cost

local function count_per_hour(name, key, quota, amount) return count(name, key, quota, 60000, 60, amount) end

-- Count the request against the share of its address. The share is a part of an hourly limit that many addresses have
-- in common. Every address of every client has its own hash. The buckets are wide, so that each hash has only a few
-- fields.
local function count_share(name, key, quota, divisor, amount)
  return count(name .. '-address', key, math.ceil(quota / divisor), 360000, 10, amount, true)
end

-- Step 1: resolve the session.

local raw_session = call('GET', KEYS[1])
local session = raw_session and parse(raw_session)
if session and (session.stale_at < now or not is_valid(session)) then session = nil end

-- A member's requests count against the limit of the member's client. The requests of all other callers count against
-- their address and their subject. If a subject has no session, the script does not know whether the subject is a
-- member.
if request.caller_quota and not (request.is_member and session) then
  for i, name in ipairs({ 'address', 'subject' }) do
    local quiet = request.is_member or name == 'subject'
    if KEYS[i + 1] ~= '' and not count(name, KEYS[i + 1], request.caller_quota, 10000, 6, cost, quiet) then
      return { 'limited', '', table.concat(limits, '\n') }
    end
  end
end
if not session then
  local xids = recent_xids({ request.write_key, request.session_tag })
  return { 'no_session', '', table.concat(limits, '\n'), '', '', xids }
end

-- The metadata of a session is `scope|tenant|limit name|quota|site|catalog`. If sessions of the account were ended,
-- there is a seventh part: the earliest start of a valid session. The caller of this script compares the start of the
-- session with it.
local scope, tenant, limit, quota, site, catalog =
  string.match(session.meta, '^([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)')
quota = tonumber(quota)
limit = request.own_limit or limit

-- Count about every tenth visit to each domain, for the schedule that warms the cache of the busiest storefronts.
local domain = string.match(KEYS[1], '^' .. string.gsub(prefix, '%W', '%%%0') .. 'public:visit:%l+:(.+)$')
if domain and now % 10 == 0 then
  local busy = prefix .. 'public:busy:' .. math.floor(now / 3600000)
  call('ZINCRBY', busy, 1, domain)
  call('PEXPIRE', busy, 7500000)
end

-- Bill the outcome of the lookup and the number of Redis commands to the tenant.
local function record_outcome(outcome)
  if request.background then
    if outcome ~= 'load' and outcome ~= 'refresh' then return end
    outcome = 'background'
  end
  record(tenant, request.entity .. ':' .. outcome, 1, calls + 1)
end

-- The tags of the value. Empty until the code below has replaced $site, $catalog and $client.
local value_tags = {}

local function answer(status, raw, tags)
  local xids = ''
  if status ~= 'hit' and status ~= 'stale' and status ~= 'limited' then
    -- Return the recent transactions that the caller made, or that invalidated a tag of the session or of the value.
    local fields = { request.write_key }
    for _, tag in ipairs(session.tags) do fields[#fields + 1] = tag end
    for _, tag in ipairs(value_tags) do fields[#fields + 1] = tag end
    xids = recent_xids(fields)
  end
  local tokens = tags and tokens_of(tags, request.token) or ''
  if status ~= 'wait' then record_outcome(status == 'first' and 'load' or status) end
  return { status, raw_session, table.concat(limits, '\n'), raw or '', tokens, xids }
end

-- Step 2: check the limits.

local of_tenant = prefix .. tenant .. ':limit:'
if request.count_request and quota then
  -- The limit per minute of an address also determines how many requests the address can send per hour. Check the share
  -- only if it is lower than that number.
  if request.address and request.address_per_hour > quota / request.storefront_share
    and not count_share(limit, of_tenant .. limit .. '-address.' .. request.address, quota, request.storefront_share,
      cost) then
    return answer('limited')
  end
  if not count_per_hour(limit, of_tenant .. limit, quota, cost) then return answer('limited') end
end
if request.requests_per_order and quota then
  local orders = math.floor(quota / request.requests_per_order)
  local share = of_tenant .. 'orders-address.' .. (request.address or '')
  if request.address and not count_share('orders', share, orders, request.order_share) then return answer('limited') end
  if not count_per_hour('orders', of_tenant .. 'orders.' .. site, orders) then
    if request.address then refund(share) end
    return answer('limited')
  end
end

-- Step 3: get the value.

-- The budgets of the request. A member's value is also charged to the clients of the member, because it contains rows
-- of these clients. Staff belong to no client, so all staff share a budget. `RequestCount.budgets` builds the same
-- budgets, and also the share of each client.
local function budgets_of_request()
  local budgets = request.budgets
  if request.tenant_budget then
    local clients = {}
    for _, tag in ipairs(session.tags) do clients[#clients + 1] = string.match(tag, '^client:(.+)$') end
    for i = 0, math.min(#clients, request.max_charged_clients) - 1 do
      local client = clients[(request.first_charged + i) % #clients + 1]
      budgets[#budgets + 1] = { { key = prefix .. client .. ':limit:stored', quota = request.tenant_budget } }
    end
    if #clients == 0 then
      budgets[#budgets + 1] = { { key = of_tenant .. 'stored', quota = request.tenant_budget } }
    end
  end
  return budgets
end

if request.suffix == '' then return answer('pass') end

local raw = call('GET', prefix .. scope .. ':' .. request.suffix)
local value = raw and parse(raw)
if value and not is_valid(value) then value = nil end
if value and now < value.stale_at then return answer('hit', raw) end

local place = { site = site, catalog = catalog }
for _, tag in ipairs(request.tags) do
  local per_client = string.match(tag, '^(.+):%$client$')
  local n = #value_tags
  for _, session_tag in ipairs(per_client and session.tags or {}) do
    if string.sub(session_tag, 1, 7) == 'client:' then
      value_tags[#value_tags + 1] = per_client .. string.sub(session_tag, 7)
    end
  end
  if #value_tags == n then value_tags[n + 1] = per_client or (string.gsub(tag, '%$(%l+)', place)) end
end
-- The value also gets the tags of the session, because these tags determine which rows the callers of this scope see.
-- It does not get the tag of the user, because all callers of the scope share the value.
local tags = {}
for _, tag in ipairs(session.tags) do
  if string.sub(tag, 1, 5) ~= 'user:' then tags[#tags + 1] = tag end
end
for _, tag in ipairs(value_tags) do tags[#tags + 1] = tag end
-- A stored value needs no mark, even if the value is no longer valid. It is stored because it was requested twice.
if request.second_use_ms > 0 and not raw
  and call('SET', prefix .. scope .. ':used:' .. request.suffix, '1', 'NX', 'PX', request.second_use_ms) then
  return answer('first')
end
local lock = prefix .. scope .. ':lock:' .. request.suffix
-- A request gets no lock for a value that put.lua would refuse to store. If there is an expired value, the request gets
-- the expired value. Another request with room in its budgets then loads the new value.
-- The first case: put.lua has recently refused to store the value, because it is too long.
if call('EXISTS', too_long_mark(prefix .. scope .. ':' .. request.suffix)) > 0 then
  return answer(value and 'stale' or 'first', value and raw)
end
-- The second case: the budgets of this request are used up. If another request is loading a missing value, this request
-- waits for it. This request gets no lock: otherwise, many callers whose budgets are used up would wait for each other,
-- one by one.
if not budgets_with_room(budgets_of_request()) then
  if value then return answer('stale', raw) end
  return answer(call('EXISTS', lock) > 0 and 'wait' or 'first')
end
if call('SET', lock, request.lock_owner, 'NX', 'PX', request.lock_ms) then
  return answer(value and 'refresh' or 'load', value and raw, tags)
end
if value then return answer('stale', raw) end
return answer('wait')
