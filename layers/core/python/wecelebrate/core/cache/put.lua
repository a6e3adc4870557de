-- Store a value, and release its lock. If a value is too long, a mark is stored instead, and lookup.lua gives out no
-- lock for the value. With a lock, concurrent requests would wait for each other, and each would then load the value.
-- For the same reason, lookup.lua gives out no lock to a request whose budgets are used up. Both rules also apply if an
-- expired value is still stored.
-- KEYS: value ('' to store no value), lock ('' to release no lock)
-- ARGV: prefix, now, owner of the lock, lifetime of the value (ms), value ('' if it is too long), usage of the instance,
--   budgets as JSON, lifetime of a mark (ms)
local function is_in_budget()
  local charged = budgets_with_room(cjson.decode(ARGV[7]))
  for _, budget in ipairs(charged or {}) do
    add(budget.key, BUDGET_WIDTH, BUDGET_BUCKETS, math.ceil(#ARGV[5] / 1024 / budget.share))
  end
  return charged ~= nil
end

if KEYS[1] ~= '' then
  if ARGV[5] == '' then call('SET', too_long_mark(KEYS[1]), '1', 'PX', ARGV[8])
  elseif is_in_budget() then call('SET', KEYS[1], ARGV[5], 'PX', ARGV[4]) end
end
if KEYS[2] ~= '' and call('GET', KEYS[2]) == ARGV[3] then call('DEL', KEYS[2]) end
record_usage(ARGV[6], calls + 2)
