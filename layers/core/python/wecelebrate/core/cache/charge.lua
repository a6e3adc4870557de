-- Increase the cost of a request that failed or kept the database busy. If a failed request was counted as an order,
-- subtract this order.
--
-- ARGV: prefix, now, JSON with these lists:
--   counts   limits {name, key, quota, amount}: each limit has a window of a minute. At the first limit that is used up,
--            the script stops, and counts and changes nothing more.
--   charges  limits {key, amount}: the amount is added even if the limit is used up.
--   refunds  keys of hourly limits: one counted request is subtracted from each limit.
--
-- Returns: status (`ok` or `limited`), and one line `name quota remaining seconds` for each limit in `counts`.

local request = cjson.decode(ARGV[3])
for _, limit in ipairs(request.counts) do
  if not count(limit.name, limit.key, limit.quota, 10000, 6, limit.amount) then
    return { 'limited', table.concat(limits, '\n') }
  end
end
for _, limit in ipairs(request.charges) do add(limit.key, 10000, 6, limit.amount) end
for _, key in ipairs(request.refunds) do refund(key) end
return { 'ok', table.concat(limits, '\n') }
