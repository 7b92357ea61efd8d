-- Keeps records by compare-and-swap. Versions are text: they are larger than the numbers
-- of a script. KEYS: the record, the index of all keys in byte order.
local record, index, what = KEYS[1], KEYS[2], ARGV[1]
if what == 'keys' then return redis.call('ZRANGEBYLEX', index, ARGV[2], '+', 'LIMIT', 0, ARGV[3]) end
local version = redis.call('HGET', record, 'version')
if what == 'load' then
  if not version then return {} end
  return { version, redis.call('HGET', record, 'data') }
end
if what == 'save' then
  if (version or '0') ~= ARGV[2] then return {} end
  redis.call('HSET', record, 'version', ARGV[3], 'data', ARGV[4])
  redis.call('ZADD', index, 0, ARGV[5])
  return { ARGV[3] }
end
-- delete: whatever the version, or that one alone. It is no conflict if there is none.
if version and ARGV[2] ~= '' and version ~= ARGV[2] then return {} end
redis.call('DEL', record)
redis.call('ZREM', index, ARGV[3])
return { '1' }
