-- Add up accounts, field by field.
-- KEYS: the accounts
-- ARGV: prefix, now
-- Returns for each field: its name, the sum of its high numbers, the sum of its low numbers
local fields, high, low = {}, {}, {}
for _, key in ipairs(KEYS) do
  local account = call('HGETALL', key)
  for i = 1, #account, 2 do
    local field, both = account[i], account[i + 1]
    if not high[field] then
      fields[#fields + 1] = field
      high[field], low[field] = 0, 0
    end
    -- Split the digits as text, because a Lua number is exact only up to about 16 digits.
    high[field] = high[field] + (tonumber(string.sub(both, 1, -10)) or 0)
    low[field] = low[field] + tonumber(string.sub(both, -9))
  end
end
local sums = {}
for _, field in ipairs(fields) do
  sums[#sums + 1] = field
  sums[#sums + 1] = high[field]
  sums[#sums + 1] = low[field]
end
return sums
