/**
 * `plugmesh_publish` in Lua, as Redis runs it: one atomic step that numbers, keeps and publishes (contracts § 2.3). It
 * follows `exact` and `prefixes`, the compiled rules, and keeps what begins with `streams`. The object is never decoded and encoded again: Lua would change
 * numbers and empty arrays.
 */
export const PUBLISH_FUNCTION = String.raw`
local USAGE = 'expected FCALL plugmesh_publish 1 plugmesh:history:{<topic>} <event> <JSON object> [idempotency key]'

local function refuse(code, message)
  return redis.error_reply(code .. ' ' .. message)
end

local function rule_of(topic)
  local rule = exact[topic]
  if rule ~= nil then return rule end
  for _, prefix in ipairs(prefixes) do
    rule = prefix.rules[string.sub(topic, 1, prefix.length)]
    if rule ~= nil then return rule end
  end
  return false
end

-- Each well-formed sequence becomes a space, so that the rest cannot join to a new one.
local function is_utf8(text)
  if not string.find(text, '[\128-\255]') then return true end
  text = string.gsub(text, '[\194-\223][\128-\191]', ' ')
  text = string.gsub(text, '\224[\160-\191][\128-\191]', ' ')
  text = string.gsub(text, '[\225-\236\238\239][\128-\191][\128-\191]', ' ')
  text = string.gsub(text, '\237[\128-\159][\128-\191]', ' ')
  text = string.gsub(text, '\240[\144-\191][\128-\191][\128-\191]', ' ')
  text = string.gsub(text, '[\241-\243][\128-\191][\128-\191][\128-\191]', ' ')
  text = string.gsub(text, '\244[\128-\143][\128-\191][\128-\191]', ' ')
  return not string.find(text, '[\128-\255]')
end

local function is_name(text)
  return #text >= 1 and #text <= 255 and not string.find(text, '[%z\1-\31\127]') and is_utf8(text)
end

-- What cjson takes and JSON does not have: bare control characters, NaN, 0x10, 01, 1. and the like.
local function is_strict(text)
  local bare = string.gsub(text, '\\.', '')
  if string.find(bare, '[%z\1-\31]') then
    for inside in string.gmatch(bare, '"([^"]*)"') do
      if string.find(inside, '[%z\1-\31]') then return false end
    end
  end
  bare = string.gsub(bare, '"[^"]*"', '""')
  bare = string.gsub(bare, '%a+', { ['true'] = '0', ['false'] = '0', ['null'] = '0' })
  if string.find(bare, '[^%d \t\r\n%-+.eE{}%[%]:,"]') then return false end
  if string.find(bare, '%.%D') or string.find(bare, '%D%.') or string.find(bare, '%-%D') then return false end
  return not string.find(bare, '[%[:, \t\r\n]%-?0%d') and not string.find(bare, '[%[:, \t\r\n]%+')
end

-- What stands between the braces of a JSON object; nil for everything else.
local function body_of(payload)
  local body = string.match(payload, '^[ \t\r\n]*{(.*)}[ \t\r\n]*$')
  if not body or not is_utf8(payload) then return nil end
  local ok, object = pcall(cjson.decode, payload)
  if not ok or type(object) ~= 'table' or not is_strict(payload) then return nil end
  return body, object['_id'] ~= nil
end

-- The epoch begins with the stream, so that numbers of one that was emptied are never taken for those of the next.
local function next_id(key, time)
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  if not last then return time[1] .. string.format('%06d', time[2]) .. '-1' end
  local epoch, number = string.match(last[1], '^(%d+)-(%d+)$')
  return epoch .. '-' .. string.format('%.0f', tonumber(number) + 1)
end

-- The newest entry is never older than the limit: the loop ends.
local function trim(key, oldest)
  local first = redis.call('XRANGE', key, '-', '+', 'COUNT', 1)[1]
  while first and tonumber(first[2][2]) < oldest do
    for _, entry in ipairs(redis.call('XRANGE', key, '-', '+', 'COUNT', 100)) do
      first = entry
      if tonumber(entry[2][2]) >= oldest then break end
    end
    redis.call('XTRIM', key, 'MINID', first[1])
  end
end

local function publish(keys, args)
  local topic = #keys == 1 and string.match(keys[1], '^plugmesh:history:{(.+)}$')
  if not topic or #args < 2 or #args > 3 then return refuse('MESH_BAD_REQUEST', USAGE) end
  local event, payload, once = args[1], args[2], args[3]
  local key = streams .. '{' .. topic .. '}'
  if not is_name(topic) or not is_name(event) or string.find(event, ':', 1, true) then
    return refuse('MESH_BAD_REQUEST', 'topic and event are 1 to 255 bytes of UTF-8 each, the event without a colon')
  end
  local rule = rule_of(topic)
  if not rule then
    return refuse('MESH_TOPIC_UNMATCHED', 'no rule with "history" names this topic; declare it in a manifest')
  end
  local body, has_id = body_of(payload)
  if not body then return refuse('MESH_BAD_REQUEST', 'the payload is no JSON object in UTF-8') end
  if has_id then return refuse('MESH_BAD_REQUEST', '"_id" is given by the mesh: leave it out of the payload') end

  -- The length keeps '{a}:b' of one topic apart from what another topic's name might spell.
  local once_key = once and once ~= '' and streams .. 'once:' .. #topic .. ':{' .. topic .. '}:' .. once
  local earlier = once_key and redis.call('GET', once_key)
  if earlier then return earlier end

  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local id = next_id(key, time)
  local comma = string.find(body, '[^ \t\r\n]') and ',' or ''
  local text = '{' .. body .. comma .. '"_id":"' .. id .. '"}'
  redis.call('XADD', key, 'MAXLEN', rule.size, id,
    'at', string.format('%.0f', now), 'event', event, 'payload', text)
  trim(key, now - rule.ttl)
  redis.call('PEXPIRE', key, rule.ttl)
  if once_key then redis.call('SET', once_key, id, 'PX', rule.ttl) end
  redis.call('PUBLISH', 'to:' .. topic .. ':' .. event, text)
  return id
end

redis.register_function('plugmesh_publish', publish)
`;
