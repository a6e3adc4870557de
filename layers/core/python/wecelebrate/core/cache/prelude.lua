-- Functions that all scripts share. ARGV[1] is the prefix of every key. ARGV[2] is the time in epoch milliseconds.
--
-- A value in Redis has these lines: the time at which it expires (epoch ms), the metadata, one line `<token> <tag>` for
-- each tag, an empty line, and the body. The value is valid while each of its tokens is the current token of the tag.

local prefix, now = ARGV[1], tonumber(ARGV[2])
local recent_key = prefix .. 'public:recent'

-- Scripts run every Redis command with `call`, which counts the commands. Upstash can bill each command.
local calls = 0
local function call(...)
  calls = calls + 1
  return redis.call(...)
end

-- How long recent transactions are remembered (ms). A replica with a longer lag is not used: `app.enter` checks the
-- lag.
local HISTORY_MS = 60000
local TAG_LIFE_MS = 2 * 86400000

local function tag_keys(tags)
  local keys = {}
  for i, tag in ipairs(tags) do keys[i] = prefix .. 'public:tag:' .. tag end
  return keys
end

local function parse(raw)
  local head_end = string.find(raw, '\n\n', 1, true)
  local value = { tags = {}, tokens = {} }
  local n = 0
  for line in string.gmatch(string.sub(raw, 1, head_end), '([^\n]*)\n') do
    n = n + 1
    if n == 1 then value.stale_at = tonumber(line)
    elseif n == 2 then value.meta = line
    else
      local space = string.find(line, ' ', 1, true)
      value.tokens[n - 2] = string.sub(line, 1, space - 1)
      value.tags[n - 2] = string.sub(line, space + 1)
    end
  end
  return value
end

local function is_valid(value)
  if #value.tags == 0 then return true end
  for i, token in ipairs(call('MGET', unpack(tag_keys(value.tags)))) do
    if token ~= value.tokens[i] then return false end
  end
  return true
end

-- Return the current tokens of tags, in the format of a value. A tag without a token gets the new token `token`.
local function tokens_of(tags, token)
  if #tags == 0 then return '' end
  local keys = tag_keys(tags)
  local lines = {}
  for i, current in ipairs(call('MGET', unpack(keys))) do
    if not current then call('SET', keys[i], token, 'PX', TAG_LIFE_MS) end
    lines[i] = (current or token) .. ' ' .. tags[i]
  end
  return table.concat(lines, '\n')
end

-- Return the recent transactions of the given fields (tags and write keys), separated by commas. Return '!' if the
-- history of a field is incomplete, or if the history began less than HISTORY_MS ago.
local function recent_xids(fields)
  local stored = call('HMGET', recent_key, 'since', unpack(fields))
  if not stored[1] then
    call('HSET', recent_key, 'since', ARGV[2])
    return '!'
  end
  if now - tonumber(stored[1]) < HISTORY_MS then return '!' end
  local xids = {}
  for i = 2, #fields + 1 do
    if stored[i] then
      for at, xid in string.gmatch(stored[i], '(%d+):(%d+)') do
        if now - tonumber(at) < HISTORY_MS then
          if xid == '0' then return '!' end
          xids[#xids + 1] = xid
        end
      end
    end
  end
  return table.concat(xids, ',')
end

-- Add two numbers to a field in the hourly account of the tenant. A field stores both numbers as `high * 10^9 + low`,
-- so one command can increase both numbers. wecelebrate.usage describes the fields.
local ACCOUNT_LIFE_MS = 2 * 86400000
local function record(tenant, field, high, low)
  local account = prefix .. tenant .. ':stats:' .. math.floor(now / 3600000)
  local increment = high * 1000000000 + low
  if call('HINCRBY', account, field, string.format('%.0f', increment)) == increment then
    -- The field is new, so it is possible that the account is also new.
    call('PEXPIRE', account, ACCOUNT_LIFE_MS)
  end
end

-- Add an instance's recorded usage to the accounts of the tenants. For each tenant and entity, `usage` has one line:
-- `tenant entity queries milliseconds rows commands`. The first account is also billed for `own_commands`,
-- the number of commands of the current script.
local function record_usage(usage, own_commands)
  for tenant, entity, queries, milliseconds, rows, commands in
    string.gmatch(usage, '(%S+) (%S+) (%d+) (%d+) (%d+) (%d+)') do
    record(tenant, entity .. ':database', tonumber(queries), tonumber(milliseconds))
    record(tenant, entity .. ':rows', math.min(tonumber(rows), 1000000), tonumber(commands) + own_commands)
    own_commands = 0
  end
end

-- Limits. A limit is a hash that maps the number of a bucket to the number of requests in this bucket. The window of a
-- limit is `buckets` * `width` ms.

-- One line `name quota remaining seconds` for each counted limit.
local limits = {}

local function add(key, width, buckets, amount)
  if call('HINCRBY', key, math.floor(now / width), amount) == amount then
    call('PEXPIRE', key, width * (buckets + 1))
  end
end

-- Return the amount that a limit counted in its window, and the number of the oldest bucket in the window. Delete
-- outdated buckets.
local function used_of(key, width, buckets)
  local bucket = math.floor(now / width)
  local used, oldest, outdated = 0, bucket, {}
  local fields = call('HGETALL', key)
  for i = 1, #fields, 2 do
    local at = tonumber(fields[i])
    if at <= bucket - buckets then outdated[#outdated + 1] = fields[i]
    else
      used = used + tonumber(fields[i + 1])
      oldest = math.min(oldest, at)
    end
  end
  if #outdated > 0 then call('HDEL', key, unpack(outdated)) end
  return used, oldest
end

-- Count `amount` requests (by default one) against a limit. Returns whether the request is allowed. A refused request
-- is not counted. The state of the limit is appended to `limits`. If `quiet` is true, the state is appended only for a
-- refused request.
local function count(name, key, quota, width, buckets, amount, quiet)
  local used, oldest = used_of(key, width, buckets)
  local allowed = used < quota
  if allowed then
    add(key, width, buckets, amount or 1)
    used = used + (amount or 1)
  end
  if not (allowed and quiet) then
    local seconds = math.ceil(((oldest + buckets) * width - now) / 1000)
    limits[#limits + 1] = table.concat({ name, quota, math.max(quota - used, 0), seconds }, ' ')
  end
  return allowed
end

-- Budgets. A budget is a limit that counts the KiB of values that were stored in the last hour. `budgets` is a list of
-- lists of budgets {key, quota, share}. In each inner list, the first budget that is not used up is charged. It is
-- charged the size of the value divided by `share`. If all budgets of an inner list are used up, the value is not
-- stored, and no budget is charged. Therefore all lists are checked before a budget is charged.

local BUDGET_WIDTH, BUDGET_BUCKETS = 360000, 10

-- Return the budgets that a value is charged to, or nil if the value may not be stored.
local function budgets_with_room(budgets)
  local charged = {}
  for i, alternatives in ipairs(budgets) do
    for _, budget in ipairs(alternatives) do
      if used_of(budget.key, BUDGET_WIDTH, BUDGET_BUCKETS) < budget.quota then
        charged[i] = budget
        break
      end
    end
    if not charged[i] then return nil end
  end
  return charged
end

-- The mark of a value that put.lua did not store, because the value is too long.
local function too_long_mark(value_key) return value_key .. ':too-long' end

-- Subtract one request from a limit that has counted this request. The latest bucket is decremented.
local function refund(key)
  local latest = -1
  for _, field in ipairs(call('HKEYS', key)) do latest = math.max(latest, tonumber(field)) end
  if latest >= 0 and call('HINCRBY', key, latest, -1) <= 0 then call('HDEL', key, latest) end
end
