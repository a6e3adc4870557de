-- What the scripts share. ARGV[1] is the prefix of every key, ARGV[2] the time in milliseconds.
--
-- A value as it lies in Redis: when it ages (ms), what it says of itself, then a line `<token> <tag>` for each tag, an
-- empty line, the body. It is good while each of its tags has the token that it carries.

local prefix, now = ARGV[1], tonumber(ARGV[2])
local recent = prefix .. 'public:recent'

-- Every command goes through here: they are counted, for Upstash may bill each.
local calls = 0
local function call(...)
  calls = calls + 1
  return redis.call(...)
end

-- Milliseconds for which it is remembered by which transactions a tag was invalidated. No reader that lags by more is
-- asked: app.enter says so by the heartbeat.
local MEMORY = 60000
local TAG_LIFE = 2 * 86400000

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
    if n == 1 then value.ages = tonumber(line)
    elseif n == 2 then value.meta = line
    else
      local space = string.find(line, ' ', 1, true)
      value.tokens[n - 2] = string.sub(line, 1, space - 1)
      value.tags[n - 2] = string.sub(line, space + 1)
    end
  end
  return value
end

local function holds(value)
  if #value.tags == 0 then return true end
  for i, token in ipairs(call('MGET', unpack(tag_keys(value.tags)))) do
    if token ~= value.tokens[i] then return false end
  end
  return true
end

-- The tokens of tags, made where there are none, as the lines of a value.
local function tokens_of(tags, token)
  if #tags == 0 then return '' end
  local keys = tag_keys(tags)
  local lines = {}
  for i, known in ipairs(call('MGET', unpack(keys))) do
    if not known then call('SET', keys[i], token, 'PX', TAG_LIFE) end
    lines[i] = (known or token) .. ' ' .. tags[i]
  end
  return table.concat(lines, '\n')
end

-- Transactions that a reader must have replayed to know all that lately happened to these fields; '!' when the memory
-- of it is younger than it has to be, or not whole.
local function recent_xids(fields)
  local found = call('HMGET', recent, 'since', unpack(fields))
  if not found[1] then
    call('HSET', recent, 'since', ARGV[2])
    return '!'
  end
  if now - tonumber(found[1]) < MEMORY then return '!' end
  local xids = {}
  for i = 2, #fields + 1 do
    if found[i] then
      for at, xid in string.gmatch(found[i], '(%d+):(%d+)') do
        if now - tonumber(at) < MEMORY then
          if xid == '0' then return '!' end
          xids[#xids + 1] = xid
        end
      end
    end
  end
  return table.concat(xids, ',')
end

-- A tenant's account of this hour has two numbers a field, `high * 10^9 + low`: both are added to in one command. What
-- they are stands in usage/__init__.py.
local ACCOUNT_LIFE = 2 * 86400000
local function book(tenant, field, high, low)
  local account = prefix .. tenant .. ':stats:' .. math.floor(now / 3600000)
  local more = high * 1000000000 + low
  if call('HINCRBY', account, field, string.format('%.0f', more)) == more then call('PEXPIRE', account, ACCOUNT_LIFE) end
end

-- What an instance spent since it last said so: a line `tenant entity queries milliseconds rows commands` for each. Who
-- spent first pays for `own` commands as well.
local function settle(spent, own)
  for tenant, entity, queries, milliseconds, rows, commands in
    string.gmatch(spent, '(%S+) (%S+) (%d+) (%d+) (%d+) (%d+)') do
    book(tenant, entity .. ':database', tonumber(queries), tonumber(milliseconds))
    book(tenant, entity .. ':rows', math.min(tonumber(rows), 1000000), tonumber(commands) + own)
    own = 0
  end
end
