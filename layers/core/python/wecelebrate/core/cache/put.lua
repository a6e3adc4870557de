-- Store a value, and release its lock.
-- KEYS: value ('' to store no value), lock ('' to release no lock)
-- ARGV: prefix, now, owner of the lock, lifetime of the value (ms), value, usage of the instance
if KEYS[1] ~= '' then call('SET', KEYS[1], ARGV[5], 'PX', ARGV[4]) end
if KEYS[2] ~= '' and call('GET', KEYS[2]) == ARGV[3] then call('DEL', KEYS[2]) end
record_usage(ARGV[6], calls + 2)
