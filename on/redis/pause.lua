-- Notes until when a key, or one of its routes, is paused: the longer of what is known
-- and what is new. KEYS: the pauses of the key. ARGV: the route or nothing, for how long,
-- the longest that there is, how many routes are told apart.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local route, longest = ARGV[1], tonumber(ARGV[3])
local ends = now + math.min(tonumber(ARGV[2]), longest)
local known = tonumber(redis.call('HGET', KEYS[1], route) or '0')
if known == 0 and route ~= '' and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
if ends > known or known > now + longest then
  redis.call('HSET', KEYS[1], route, string.format('%.0f', ends))
  local left = math.ceil((ends - now) / 1000) + 1000
  if redis.call('PTTL', KEYS[1]) < left then redis.call('PEXPIRE', KEYS[1], left) end
end
return 1
