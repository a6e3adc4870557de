-- Return the versions of tags. They are read before a value with these tags is loaded.
-- ARGV: prefix, now, a new token, write key of the caller, tags…
-- Returns: the tokens, the xids that a replica must have replayed, the number of Redis commands
local tags, fields = {}, { ARGV[4] }
for i = 5, #ARGV do
  tags[#tags + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i]
end
local tokens, xids = tokens_of(tags, ARGV[3]), recent_xids(fields)
return { tokens, xids, calls }
