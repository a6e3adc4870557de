-- What stands in some accounts, field by field and summed.
-- KEYS: the accounts
-- ARGV: prefix, now
-- Returns: field, first sum, second sum, and so on
local fields, first, second = {}, {}, {}
for _, key in ipairs(KEYS) do
  local found = call('HGETALL', key)
  for i = 1, #found, 2 do
    local field, both = found[i], found[i + 1]
    if not first[field] then
      fields[#fields + 1] = field
      first[field], second[field] = 0, 0
    end
    -- As text: a Lua number is exact up to 16 digits.
    first[field] = first[field] + (tonumber(string.sub(both, 1, -10)) or 0)
    second[field] = second[field] + tonumber(string.sub(both, -9))
  end
end
local sums = {}
for _, field in ipairs(fields) do
  sums[#sums + 1] = field
  sums[#sums + 1] = first[field]
  sums[#sums + 1] = second[field]
end
return sums
