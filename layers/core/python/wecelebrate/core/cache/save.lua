-- Keep a value, and give its lock back.
-- KEYS: value ('' for none), lock ('' for none)
-- ARGV: prefix, now, owner of the lock, life (ms), value, what the instance spent for it
if KEYS[1] ~= '' then call('SET', KEYS[1], ARGV[5], 'PX', ARGV[4]) end
if KEYS[2] ~= '' and call('GET', KEYS[2]) == ARGV[3] then call('DEL', KEYS[2]) end
settle(ARGV[6], calls + 2)
