-- Store a value, and release its lock. A value that is not stored leaves a mark, so that lookup.lua gives out no lock for
-- it: otherwise concurrent requests would wait for each other, and each would then load the value.
-- KEYS: value ('' to store no value), lock ('' to release no lock), budget ('' for none), free budget ('' for none),
--   shared budget
-- ARGV: prefix, now, owner of the lock, lifetime of the value (ms), value ('' if it is too long), usage of the instance,
--   quotas of the three budgets (KiB), lifetime of a mark (ms)
-- A budget is a limit that counts the KiB that were stored in the last hour. If it is used up, no value is stored. If
-- there is a free budget, what exceeds it counts against the shared budget.
local size = math.ceil(#ARGV[5] / 1024)

local function count_stored(key, quota, amount) return count('stored', key, tonumber(quota), 360000, 10, amount, true) end

local function is_in_budget()
  if KEYS[3] == '' then return true end
  if not count_stored(KEYS[3], ARGV[7], size) then return false end
  return KEYS[4] == '' or count_stored(KEYS[4], ARGV[8], size) or count_stored(KEYS[5], ARGV[9], size)
end

if KEYS[1] ~= '' then
  if ARGV[5] == '' then call('SET', too_long_mark(KEYS[1]), '1', 'PX', ARGV[10])
  elseif is_in_budget() then call('SET', KEYS[1], ARGV[5], 'PX', ARGV[4])
  else call('SET', used_up_mark(KEYS[3]), '1', 'PX', ARGV[10]) end
end
if KEYS[2] ~= '' and call('GET', KEYS[2]) == ARGV[3] then call('DEL', KEYS[2]) end
record_usage(ARGV[6], calls + 2)
