-- Takes back what a process was given and has not used. Of a rate only where nobody has
-- been given anything since, of a quota only within its period.
-- KEYS: the state of the key. ARGV: how many, the process, the call, then for each limit
-- its field and what it was when they were given. A client that lost the response may
-- send the same call again, which must not give back twice.
local state, n, last = KEYS[1], tonumber(ARGV[1]), 'b:' .. ARGV[2]
if redis.call('HGET', state, last) == ARGV[3] then return 0 end
local given = false
for i = 4, #ARGV, 4 do
  local kind, field, seen, every = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
  if kind == 'r' then
    if redis.call('HGET', state, field) == seen then
      redis.call('HSET', state, field, string.format('%.0f', math.ceil(tonumber(seen) - n * every)))
      given = true
    end
  elseif kind == 'q' and redis.call('HGET', state, field .. ':end') == seen then
    local taken = tonumber(redis.call('HGET', state, field) or '0')
    local back = tonumber(redis.call('HGET', state, field .. ':back') or '0')
    redis.call('HSET', state, field .. ':back', string.format('%.0f', math.min(back + n, taken)))
    given = true
  end
end
if given then redis.call('HSET', state, last, ARGV[3]) end
return 1
