-- Decides what one process may have of the limits of one key, all or none.
-- KEYS: the state of the key, its pauses. ARGV: see ask.go, which packs them.
-- All times are microseconds of this server's clock, which is read once.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local state, pauses = KEYS[1], KEYS[2]

local at = 0
local function arg()
  at = at + 1
  return ARGV[at]
end
local function number() return tonumber(arg()) end
local function text(n) return string.format('%.0f', n) end
local function stored(field) return tonumber(redis.call('HGET', state, field) or '') end

local id, lease = arg(), number()
local first, more = number(), number()
local patience, horizon = number(), number()
local clock, longest = number(), number()
-- How many processes were there when this one's Redis was away, or 0 where it was not;
-- whether it has its share until it hears of this call; and how many it knows of.
local expected, probing, held, believed = number(), number() == 1, number(), number()
local empty = expected > 0

local clamped = 0

-- Pauses: what has passed goes, what lies absurdly far ahead is cut.
local told, paused = {}, 0
local p = redis.call('HGETALL', pauses)
for i = 1, #p, 2 do
  local left = tonumber(p[i + 1]) - now
  if left <= 0 then
    redis.call('HDEL', pauses, p[i])
  else
    if left > longest then
      left, clamped = longest, clamped + 1
      redis.call('HSET', pauses, p[i], text(now + left))
    end
    told[#told + 1], told[#told + 2] = p[i], left
    if p[i] == '' then paused = left end
  end
end

-- Members: who asked within the lease. They are counted anew once a second, and where
-- a slot is wanted. A lease that ends too far ahead was given under another clock.
local mine, slots = 'm:' .. id, 'h:' .. id
local members, again = stored('mc') or 0, stored('mt') or 0
if not redis.call('HGET', state, mine) then members = members + 1 end
redis.call('HSET', state, mine, text(now + lease))
local counted, busy = false, 0
local function count()
  if counted then return end
  counted, members, busy = true, 0, 0
  local all = redis.call('HGETALL', state)
  local live, calls, gave = {}, {}, {}
  for i = 1, #all, 2 do
    local kind, whose = string.sub(all[i], 1, 2), string.sub(all[i], 3)
    if kind == 'm:' then
      local ends = tonumber(all[i + 1])
      if ends > now + lease then
        ends, clamped = now + lease, clamped + 1
        redis.call('HSET', state, all[i], text(ends))
      end
      if ends > now then
        live[whose], members = true, members + 1
      else
        redis.call('HDEL', state, all[i])
      end
    elseif kind == 'h:' then
      calls[whose] = tonumber(all[i + 1])
    elseif kind == 'b:' then
      gave[#gave + 1] = whose
    elseif kind == 'w:' and tonumber(string.match(all[i + 1], '^%d+')) <= now then
      redis.call('HDEL', state, all[i])
    end
  end
  for whose, n in pairs(calls) do
    if not live[whose] then
      redis.call('HDEL', state, 'h:' .. whose)
    elseif whose ~= id then
      busy = busy + n
    end
  end
  for _, whose in ipairs(gave) do
    if not live[whose] then redis.call('HDEL', state, 'b:' .. whose) end
  end
  again = now + 1000000
end
if now >= again or again > now + 1000000 then count() end

-- Where this server was away, others have their shares until they find it again.
local settle, keep = 2300000, lease
-- How many have asked since then. One who still has his share is there, and no more.
if probing then redis.call('HSET', state, mine, text(now + lease - settle - 1)) end
local function asked(from)
  local n, all = 0, redis.call('HGETALL', state)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 2) == 'm:' and tonumber(all[i + 1]) >= from + lease then n = n + 1 end
  end
  return n
end
-- Of a rate those who are back have their part, and no more, for as long as the others
-- need to find it if all goes well: part is what one token counts for.
local part, since, there = 1, stored('as') or 0, stored('an') or 0
if empty and (since + settle <= now or since > now) then since, there = now, 0 end
if expected > there then
  there = expected
  redis.call('HSET', state, 'as', text(since), 'an', text(there))
end
if since <= now and now < since + settle and there > 1 then part = math.max(there / math.max(asked(since), 1), 1) end
-- Of a quota the shares of those who have not asked of late are kept for them, until the
-- last who came back has been there for a while: those who are missing.
local missing, kept, sharing = nil, stored('qs') or 0, stored('qn') or 0
local opened = empty and (kept + keep <= now or kept > now)
if empty then
  kept, sharing = now, opened and expected or math.max(expected, sharing)
  redis.call('HSET', state, 'qs', text(kept), 'qn', text(sharing))
end

-- What a process took of a quota while this server was away counts once, whatever became
-- of the response: it tells all that it took since it began (total), and of how much it
-- knows that it counts (told).
local function settle_up(l, account, ends, total, told)
  if account == '' then return end
  local w = 'w:' .. account .. ':' .. l.field
  local kept = tonumber(string.match(redis.call('HGET', state, w) or '', '%d+$') or '') or 0
  if total <= told then
    if kept > 0 then redis.call('HDEL', state, w) end
    return
  end
  -- What was taken in an earlier period is nobody's. By a clock that is a little ahead of
  -- this one it may seem to be of the next.
  local more = total - math.max(kept, told)
  if more < 1 or ends < l.ends then return end
  l.taken = l.taken + more
  l.account, l.settled = w, text(l.ends) .. ' ' .. text(total) -- written with the count
end

-- What a process was told before counts where this server has forgotten it, or never
-- heard of it. The count of a server that begins anew, or goes back, has another birth:
-- what was used before it is the most that anybody knows of, and comes before all that
-- has been taken since.
local function recall(l, ends, taken, back, birth)
  if ends <= now or l.ends > ends then return end
  if now >= l.ends then l.taken, l.back, l.base, l.anew = 0, 0, 0, true end
  l.ends = ends
  if birth > l.birth or birth == l.birth and taken > l.taken then
    l.birth = math.max(now, birth + 1)
    l.taken, l.back = math.max(l.taken, taken), math.max(l.back, back)
    l.base = l.taken - l.back
  elseif birth == l.birth then
    l.back = math.max(l.back, back)
  elseif taken - back > l.base then
    l.taken, l.base = l.taken + taken - back - l.base, taken - back
  end
end

-- The limits. room is how many more there are for all processes together, within the
-- horizon; start is when the first may be used, wait how long it must be asked for.
local limits, room, start, wait, ends = {}, more, now, 0, nil
local answer, stale = {}, false
local ttl = 2 * lease
for i = 1, number() do
  local kind, field = arg(), arg()
  local l = { kind = kind, field = field }
  limits[i] = l
  if kind == 'r' then
    l.burst, l.every, l.ahead = number(), number(), number()
    local known, period = number(), l.burst * l.every
    l.period, l.every = period, l.every * part
    local kept, tat = stored(field) or 0, math.min(known, now + period + l.ahead)
    -- What a process was told before counts where this server has forgotten it. Others may
    -- have been given later turns, of which this one does not know.
    l.forgotten, tat = tat > math.max(kept, now), math.max(kept, tat)
    if l.forgotten and believed > 1 then tat = now + period + l.ahead end
    -- What lies too far ahead is as far as it may be: the turns up to there may have been
    -- given out under the other clock, to processes that take them by their own.
    l.cut = tat > now + period + l.ahead + 1
    if l.cut then tat, clamped = now + period + l.ahead, clamped + 1 end
    if empty then tat = math.max(tat, now + period) end
    l.tat = math.max(tat, now)
    l.after = l.tat + first * l.every
    local from = l.after - period
    if from - now > l.ahead then wait = math.max(wait, from - now - l.ahead) end
    start = math.max(start, from)
    room = math.min(room, math.floor((now + horizon + period - l.after) / l.every))
    ttl = math.max(ttl, period + 2 * l.ahead)
  elseif kind == 'q' then
    l.most = number()
    local over = number()
    l.taken, l.back, l.ends = stored(field) or 0, stored(field .. ':back') or 0, stored(field .. ':end') or 0
    l.base, l.birth = stored(field .. ':base') or 0, stored(field .. ':birth') or 0
    recall(l, number(), number(), number(), number())
    if l.birth == 0 then l.birth = now end
    if math.abs(clock - now) > 2000000 then stale = true end
    if l.ends > over and over > now and not stale then
      l.ends, clamped = over, clamped + 1
    end
    if now >= l.ends then
      if over <= now then stale = true end
      l.taken, l.back, l.base, l.ends, l.anew = 0, 0, 0, over, true
    end
    l.was = not opened and not l.anew and stored(field .. ':was') or l.taken - l.back
    if opened then redis.call('HSET', state, field .. ':was', text(l.was)) end
    settle_up(l, arg(), number(), number(), number())
    l.used = l.taken - l.back
    if not missing then
      local within = sharing > 1 and kept <= now and now < kept + keep
      missing = within and math.max(sharing - asked(now - settle), 0) or 0
    end
    if missing > 0 then l.used = l.used + missing * math.floor(math.max(l.most - l.was, 0) / sharing) end
    if l.used + first > l.most then wait = math.max(wait, l.ends - now) end
    ends = math.min(ends or l.ends, l.ends)
    -- Half of it at most: what one process has reserved cannot be had by those who are
    -- refused meanwhile.
    room = math.min(room, (l.most - l.used - first) / 2)
    ttl = math.max(ttl, l.ends - now)
  else
    l.most = number()
    count()
    local free = l.most - busy - held
    if first > 0 and free < 1 then wait = math.max(wait, 25000) end
    room = math.min(room, free - (first > 0 and 1 or 0))
    l.slots = true
  end
end
if ends and start >= ends then wait = math.max(wait, ends - now) end
if part > 1 and wait > 0 then wait = math.min(wait, since + settle - now) end
if missing and missing > 0 and wait > 0 then
  wait = math.min(wait, kept + (now < kept + settle and settle or keep) - now)
end

local status, grants, n = 1, {}, 0
if stale then
  status = 3
elseif paused > 0 then
  status, wait = 0, paused
elseif first > 0 and wait > 0 then
  status = 0
elseif first > 0 and start - now > patience then
  status, wait = 2, start - now
else
  if first > 0 then grants[1] = math.ceil(start - now) end
  room = math.floor(math.max(room, 0) / math.max(members, believed, 1)) -- this server may begin anew
  n = math.min(more, room)
  for i = 1, n do
    local g = now
    for _, l in ipairs(limits) do
      if l.kind == 'r' then g = math.max(g, l.after + i * l.every - l.period) end
    end
    if ends and g >= ends then
      n = i - 1
      break
    end
    grants[#grants + 1] = math.ceil(g - now)
  end
end

local granted = status == 1
for i, l in ipairs(limits) do
  if l.kind == 'r' then
    if granted and first + n > 0 then
      l.tat = math.ceil(l.after + n * l.every)
      redis.call('HSET', state, l.field, text(l.tat))
    elseif empty or l.forgotten or l.cut then
      redis.call('HSET', state, l.field, text(l.tat))
    end
    answer[i] = text(l.tat)
  elseif l.kind == 'q' then
    if granted then l.taken = l.taken + first + n end
    if not stale then
      redis.call('HSET', state, l.field, text(l.taken), l.field .. ':back', text(l.back), l.field .. ':end', text(l.ends),
        l.field .. ':base', text(l.base), l.field .. ':birth', text(l.birth), l.field .. ':was', text(l.was))
      if l.account then redis.call('HSET', state, l.account, l.settled) end
    end
    answer[i] = text(l.ends) .. ' ' .. text(l.taken) .. ' ' .. text(l.back) .. ' ' .. text(l.birth)
  else
    local hold = held
    if granted then hold = hold + #grants end
    if hold > 0 then
      redis.call('HSET', state, slots, text(hold))
    else
      redis.call('HDEL', state, slots)
    end
    answer[i] = text(busy + hold)
  end
end
redis.call('HSET', state, 'mc', text(members), 'mt', text(again))
-- Others may keep other limits of the same key, which last longer.
ttl = math.ceil(ttl / 1000) + 1000
if redis.call('PTTL', state) < ttl then redis.call('PEXPIRE', state, text(ttl)) end
return { status, now, math.ceil(wait), members, clamped, grants, told, answer }
