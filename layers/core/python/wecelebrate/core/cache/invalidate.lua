-- Invalidate all values that have one of the given tags. Remember the transaction that made the change, for each of
-- these tags and for the write key of the caller. A call has at most 1,000 tags.
-- ARGV: prefix, now, xid ('' for none), write key ('' for none), '1' if the sweeper sends the invalidation, tags…
-- Returns: the number of Redis commands

-- Each tag and each write key is a field of a hash. A field contains up to MAX_XIDS transactions of the last minute.
-- The newest transaction is not enough, because a replica may have replayed it but not the other transactions. If
-- functions send their own invalidations, a field cannot exceed MAX_XIDS, because fewer transactions are open at the
-- same time. Late invalidations from the sweeper can exceed MAX_XIDS and could displace the newest transactions. In
-- this case, the xid '0' marks the history of the field as incomplete.
local MAX_XIDS = 64
local xid, write_key, late = ARGV[3], ARGV[4], ARGV[5] == '1'

local fields = {}
if write_key ~= '' then fields[1] = write_key end
local tags = {}
for i = 6, #ARGV do
  tags[#tags + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i]
end
if #tags > 0 then call('DEL', unpack(tag_keys(tags))) end
if xid == '' or #fields == 0 then return calls end

call('HSETNX', recent_key, 'since', ARGV[2])
local updates = {}
for i, history in ipairs(call('HMGET', recent_key, unpack(fields))) do
  local kept, n, incomplete_since = { ARGV[2] .. ':' .. xid }, 1, nil
  if history then
    for at, other in string.gmatch(history, '(%d+):(%d+)') do
      if other ~= xid and now - tonumber(at) < HISTORY_MS then
        if other == '0' then incomplete_since = incomplete_since or at
        elseif n < MAX_XIDS then
          n = n + 1
          kept[n] = at .. ':' .. other
        elseif late then incomplete_since = ARGV[2]
        end
      end
    end
  end
  if incomplete_since then kept[n + 1] = incomplete_since .. ':0' end
  updates[#updates + 1] = fields[i]
  updates[#updates + 1] = table.concat(kept, ',')
end
call('HSET', recent_key, unpack(updates))

-- Delete outdated fields. Each call checks only a part of the fields, because a sync can invalidate a million products.
local scan = call('HSCAN', recent_key, call('HGET', recent_key, 'swept') or '0', 'COUNT', 100 + 2 * #fields)
local entries, outdated = scan[2], {}
for i = 1, #entries, 2 do
  local at = string.match(entries[i + 1], '^(%d+):')
  if at and now - tonumber(at) > HISTORY_MS then outdated[#outdated + 1] = entries[i] end
end
for i = 1, #outdated, 1000 do call('HDEL', recent_key, unpack(outdated, i, math.min(i + 999, #outdated))) end
call('HSET', recent_key, 'swept', scan[1])
return calls
