-- Store a value, and release its lock.
-- KEYS: value ('' to store no value), lock ('' to release no lock), budget ('' for none)
-- ARGV: prefix, now, owner of the lock, lifetime of the value (ms), value, quota of the budget (KiB), usage of the
--   instance
-- The budget is a limit that counts the KiB that were stored in the last hour. If it is used up, no value is stored.
local function is_in_budget()
  if KEYS[3] == '' then return true end
  return count('stored', KEYS[3], tonumber(ARGV[6]), 360000, 10, math.ceil(#ARGV[5] / 1024), true)
end
if KEYS[1] ~= '' and is_in_budget() then call('SET', KEYS[1], ARGV[5], 'PX', ARGV[4]) end
if KEYS[2] ~= '' and call('GET', KEYS[2]) == ARGV[3] then call('DEL', KEYS[2]) end
record_usage(ARGV[7], calls + 2)
