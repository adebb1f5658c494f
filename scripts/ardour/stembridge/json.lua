-- Reads JSON (RFC 8259) as far as a receipt needs it: null is read as nil, an object or array as a table.

local DEEPEST = 64
local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local value

local function fail (at)
	error ("not JSON at byte " .. at, 0)
end

local function after_space (text, at)
	return text:find ("[^ \t\r\n]", at) or #text + 1
end

local function code_point (text, at)
	local digits = text:match ("^%x%x%x%x", at) or fail (at)
	return tonumber (digits, 16)
end

-- Returns the character of "\uXXXX" whose digits begin at `at`, and where it ends; two escapes may be one character.
local function unicode (text, at)
	local high = code_point (text, at)
	if high >= 0xD800 and high < 0xDC00 and text:sub (at + 4, at + 5) == "\\u" then
		local low = code_point (text, at + 6)
		if low >= 0xDC00 and low < 0xE000 then
			return utf8.char (0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00), at + 10
		end
	end
	return utf8.char (high), at + 4
end

local function escape (text, at)
	local letter = text:sub (at, at)
	if letter == "u" then
		return unicode (text, at + 1)
	end
	return ESCAPES[letter] or fail (at), at + 1
end

local function string_value (text, at)
	local pieces = {}
	while true do
		local stop = text:find ('["\\%c]', at) or fail (at)
		pieces[#pieces + 1] = text:sub (at, stop - 1)
		local char = text:sub (stop, stop)
		if char == '"' then
			return table.concat (pieces), stop + 1
		elseif char == "\127" then
			pieces[#pieces + 1], at = char, stop + 1
		elseif char == "\\" then
			pieces[#pieces + 1], at = escape (text, stop + 1)
		else
			fail (stop)
		end
	end
end

local function number_value (text, at)
	local digits = text:match ("^-?%d+%.?%d*[eE]?[-+]?%d*", at) or fail (at)
	return tonumber (digits) or fail (at), at + #digits
end

-- Reads the members of an object or array up to `close`; `member` reads one and returns where it ends.
local function members (text, at, close, member)
	at = after_space (text, at)
	if text:sub (at, at) == close then
		return at + 1
	end
	while true do
		at = after_space (text, member (at))
		local char = text:sub (at, at)
		if char == close then
			return at + 1
		elseif char ~= "," then
			fail (at)
		end
		at = after_space (text, at + 1)
	end
end

local function object (text, at, depth)
	local found = {}
	local stop = members (text, at, "}", function (from)
		if text:sub (from, from) ~= '"' then
			fail (from)
		end
		local key, colon = string_value (text, from + 1)
		colon = after_space (text, colon)
		if text:sub (colon, colon) ~= ":" then
			fail (colon)
		end
		local stop
		found[key], stop = value (text, colon + 1, depth + 1)
		return stop
	end)
	return found, stop
end

local function array (text, at, depth)
	local found, count = {}, 0
	local stop = members (text, at, "]", function (from)
		local stop
		count = count + 1
		found[count], stop = value (text, from, depth + 1)
		return stop
	end)
	return found, stop
end

local WORDS = { ["true"] = true, ["false"] = false }

function value (text, at, depth)
	at = after_space (text, at)
	local char = text:sub (at, at)
	if depth > DEEPEST then
		fail (at)
	elseif char == "{" then
		return object (text, at + 1, depth)
	elseif char == "[" then
		return array (text, at + 1, depth)
	elseif char == '"' then
		return string_value (text, at + 1)
	end
	local word = text:match ("^%l+", at)
	if word == "null" then
		return nil, at + 4
	elseif WORDS[word] ~= nil then
		return WORDS[word], at + #word
	end
	return number_value (text, at)
end

local json = {}

-- Returns what `text` says. Raises a sentence where it is not JSON.
function json.decode (text)
	local found, stop = value (text, 1, 1)
	if after_space (text, stop) <= #text then
		fail (stop)
	end
	return found
end

return json
