-- The tokens of tags before a value that carries them is loaded, and what a reader must have replayed to load it.
-- ARGV: prefix, now, a random token, field of the caller, tags…
-- Returns: tokens, xids, how many commands it took
local tags, fields = {}, { ARGV[4] }
for i = 5, #ARGV do
  tags[#tags + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i]
end
local tokens, xids = tokens_of(tags, ARGV[3]), recent_xids(fields)
return { tokens, xids, calls }
