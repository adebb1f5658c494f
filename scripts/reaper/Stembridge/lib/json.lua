-- JSON (RFC 8259), strict, without load(): decode(text) returns the value, or nil and a sentence; encode(value).
-- null becomes json.null. An array is a table made by json.array, so that an empty one stays an array.

return function()
  local json = { null = setmetatable({}, { __name = "json.null" }) }
  local ARRAY = { __name = "json.array" }
  local DEEPEST = 64
  local PLAIN = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }
  local value

  function json.array(items)
    return setmetatable(items or {}, ARRAY)
  end

  function json.is_array(candidate)
    return getmetatable(candidate) == ARRAY
  end

  local function fail(at, what)
    error({ sentence = what .. " at byte " .. at }, 0)
  end

  local function skip(text, at)
    return text:find("[^ \t\r\n]", at) or #text + 1
  end

  local function unit(text, at)
    local digits = text:match("^%x%x%x%x", at) or fail(at, "a bad \\u escape")
    return tonumber(digits, 16)
  end

  local function unicode(text, at)
    local high = unit(text, at)
    if high < 0xD800 or high > 0xDFFF then
      return utf8.char(high), at + 4
    end
    if high > 0xDBFF or text:sub(at + 4, at + 5) ~= "\\u" then
      fail(at, "half a surrogate pair")
    end
    local low = unit(text, at + 6)
    if low < 0xDC00 or low > 0xDFFF then
      fail(at, "half a surrogate pair")
    end
    return utf8.char(0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00)), at + 10
  end

  local function escape(text, at)
    local letter = text:sub(at, at)
    if letter == "u" then
      return unicode(text, at + 1)
    end
    return PLAIN[letter] or fail(at, "an unknown escape"), at + 1
  end

  local function text_at(text, at)
    local pieces, from = {}, at + 1
    while true do
      local stop = text:find('["\\%c]', from) or fail(at, "a text without an end")
      pieces[#pieces + 1] = text:sub(from, stop - 1)
      local char = text:sub(stop, stop)
      if char == '"' then
        return table.concat(pieces), stop + 1
      elseif char == "\\" then
        pieces[#pieces + 1], from = escape(text, stop + 1)
      elseif char == "\127" then
        pieces[#pieces + 1], from = char, stop + 1
      else
        fail(stop, "a control character")
      end
    end
  end

  local function number_at(text, at)
    local whole = text:match("^-?0", at) or text:match("^-?[1-9]%d*", at) or fail(at, "no value")
    local stop = at + #whole
    local fraction = text:match("^%.%d+", stop) or ""
    local power = text:match("^[eE][+-]?%d+", stop + #fraction) or ""
    stop = stop + #fraction + #power
    if text:find("^[%w.+-]", stop) then
      fail(stop, "a bad number")
    end
    return tonumber(whole .. fraction .. power), stop
  end

  local function array_at(text, at, depth)
    local items, item = json.array(), nil
    at = skip(text, at + 1)
    if text:sub(at, at) == "]" then
      return items, at + 1
    end
    while true do
      item, at = value(text, at, depth)
      items[#items + 1] = item
      at = skip(text, at)
      local char = text:sub(at, at)
      if char == "]" then
        return items, at + 1
      elseif char ~= "," then
        fail(at, "no comma or ] in an array")
      end
      at = skip(text, at + 1)
    end
  end

  local function object_at(text, at, depth)
    local object, key = {}, nil
    at = skip(text, at + 1)
    if text:sub(at, at) == "}" then
      return object, at + 1
    end
    while true do
      if text:sub(at, at) ~= '"' then
        fail(at, "no name in an object")
      end
      key, at = text_at(text, at)
      at = skip(text, at)
      if text:sub(at, at) ~= ":" then
        fail(at, "no colon in an object")
      end
      object[key], at = value(text, skip(text, at + 1), depth)
      at = skip(text, at)
      local char = text:sub(at, at)
      if char == "}" then
        return object, at + 1
      elseif char ~= "," then
        fail(at, "no comma or } in an object")
      end
      at = skip(text, at + 1)
    end
  end

  local WORDS = { t = { "true", true }, f = { "false", false }, n = { "null", json.null } }

  function value(text, at, depth)
    if depth > DEEPEST then
      fail(at, "too deep")
    end
    local char = text:sub(at, at)
    if char == "{" then
      return object_at(text, at, depth + 1)
    elseif char == "[" then
      return array_at(text, at, depth + 1)
    elseif char == '"' then
      return text_at(text, at)
    elseif WORDS[char] then
      local word = WORDS[char]
      if text:sub(at, at + #word[1] - 1) ~= word[1] then
        fail(at, "an unknown word")
      end
      return word[2], at + #word[1]
    end
    return number_at(text, at)
  end

  function json.decode(text)
    local good, result, stop = pcall(function()
      if not utf8.len(text) then
        fail(1, "text that is not UTF-8")
      end
      local found, after = value(text, skip(text, 1), 0)
      after = skip(text, after)
      if after <= #text then
        fail(after, "something after the end")
      end
      return found, after
    end)
    if good then
      return result
    end
    return nil, "It is not JSON: " .. (type(result) == "table" and result.sentence or tostring(result)) .. "."
  end

  local function quoted(text)
    return '"' .. text:gsub('[%c"\\]', function(char)
      return char == '"' and '\\"' or char == "\\" and "\\\\" or ("\\u%04x"):format(char:byte())
    end) .. '"'
  end

  local function encoded_members(object)
    local names, members = {}, {}
    for name in pairs(object) do
      names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
      members[#members + 1] = quoted(name) .. ":" .. json.encode(object[name])
    end
    return "{" .. table.concat(members, ",") .. "}"
  end

  function json.encode(candidate)
    local kind = type(candidate)
    if candidate == json.null then
      return "null"
    elseif json.is_array(candidate) then
      local items = {}
      for index, item in ipairs(candidate) do
        items[index] = json.encode(item)
      end
      return "[" .. table.concat(items, ",") .. "]"
    elseif kind == "table" then
      return encoded_members(candidate)
    elseif kind == "string" then
      return quoted(candidate)
    elseif kind == "boolean" or math.type(candidate) == "integer" then
      return tostring(candidate)
    elseif kind == "number" and candidate == candidate and math.abs(candidate) < math.huge then
      return ("%.17g"):format(candidate)
    end
    error("JSON cannot hold " .. tostring(candidate))
  end

  return json
end
