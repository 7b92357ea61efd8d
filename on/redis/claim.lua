-- Claims an event that nobody has. KEYS: the event. ARGV: the claim, its lease.
-- Returns 1 where it is ours now, 0 where it is in flight, 2 where it was handled.
local state = redis.call('GET', KEYS[1])
if not state then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
if state == 'h' then return 2 end
if state == ARGV[1] then return 1 end -- by the same call, whose response was lost
return 0
