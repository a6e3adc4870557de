-- The versions of tags, to be read before a value that carries them is loaded.
-- ARGV: prefix, now, a new token, write key of the caller, tags…
-- Returns: tokens, xids that a reader must have replayed, number of commands
local tags, fields = {}, { ARGV[4] }
for i = 5, #ARGV do
  tags[#tags + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i]
end
local tokens, xids = tokens_of(tags, ARGV[3]), recent_xids(fields)
return { tokens, xids, calls }
