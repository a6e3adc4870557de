-- End the life of all that carries these tags, and remember which transaction did it, for the tags and for the caller
-- who wrote (`caller:<subject>`, '' for none). At most 1,000 tags a call.
-- ARGV: prefix, now, xid ('' for none), field of the caller, '1' when it is told late (by the sweeper), tags…
-- Returns: how many commands it took

-- Where others' transactions are remembered still, this one joins them: one that is visible does not make those visible
-- that committed at the same time. Of those told at once so many cannot be on their way together; of those told late
-- they can, and what they push out may be the newest: then it is remembered that something was forgotten ('0').
local MOST = 64
local late = ARGV[5] == '1'

local fields = {}
if ARGV[4] ~= '' then fields[1] = ARGV[4] end
local tags = {}
for i = 6, #ARGV do
  tags[#tags + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i]
end
if #tags > 0 then call('DEL', unpack(tag_keys(tags))) end
if ARGV[3] == '' or #fields == 0 then return calls end

call('HSETNX', recent, 'since', ARGV[2])
local written = {}
for i, before in ipairs(call('HMGET', recent, unpack(fields))) do
  local kept, n, forgot = { ARGV[2] .. ':' .. ARGV[3] }, 1, nil
  if before then
    for at, xid in string.gmatch(before, '(%d+):(%d+)') do
      if xid ~= ARGV[3] and now - tonumber(at) < MEMORY then
        if xid == '0' then forgot = forgot or at
        elseif n < MOST then
          n = n + 1
          kept[n] = at .. ':' .. xid
        elseif late then forgot = ARGV[2]
        end
      end
    end
  end
  if forgot then kept[n + 1] = forgot .. ':0' end
  written[#written + 1] = fields[i]
  written[#written + 1] = table.concat(kept, ',')
end
call('HSET', recent, unpack(written))

-- What is older than the memory is forgotten, some of it each time: a sync may have named a million products.
local found = call('HSCAN', recent, call('HGET', recent, 'swept') or '0', 'COUNT', 100 + 2 * #fields)
local all, old = found[2], {}
for i = 1, #all, 2 do
  local at = string.match(all[i + 1], '^(%d+):')
  if at and now - tonumber(at) > MEMORY then old[#old + 1] = all[i] end
end
for i = 1, #old, 1000 do call('HDEL', recent, unpack(old, i, math.min(i + 999, #old))) end
call('HSET', recent, 'swept', found[1])
return calls
