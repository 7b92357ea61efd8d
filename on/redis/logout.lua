-- Notes that a session, or all of a user, has ended now, or says when it did. KEYS: it.
-- ARGV: what to do, and for how long to keep it in milliseconds.
if ARGV[1] == 'get' then return redis.call('GET', KEYS[1]) or '' end
local t = redis.call('TIME')
redis.call('SET', KEYS[1], string.format('%.0f', t[1] * 1000000 + t[2]), 'PX', ARGV[2])
return 'OK'
