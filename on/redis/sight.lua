-- Notes whose a content or an identifier was first. KEYS: it. ARGV: the owner, for how
-- long. Returns 1 where it was another's.
local first = redis.call('GET', KEYS[1])
if not first then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 0
end
if first == ARGV[1] then return 0 end
return 1
