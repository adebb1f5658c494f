-- What this session asked the bridge for. It lies beside the session, not in it: an export is still wanted after a
-- crash, whether the session was saved or not. One line each: seconds since 1970, first sample, path.

local use = ...
local files = use ("files")

local WEEK_S = 7 * 24 * 3600

local wanted = {}

local function file_of (session)
	return session .. "/stembridge-wanted.txt"
end

local function utc (seconds)
	return os.date ("!%Y-%m-%dT%H:%M:%SZ", seconds)
end

-- Returns what the session in this folder waits for, oldest first; who waits for a week waits for nothing.
function wanted.read (session)
	local list = {}
	for since, start, path in (files.read (file_of (session)) or ""):gmatch ("(%d+) (%-?%d+) ([^\n]+)\n") do
		if os.time () - since < WEEK_S then
			list[#list + 1] = { since = math.tointeger (since), start = math.tointeger (start), path = path }
		end
	end
	return list
end

local function write (session, list)
	if #list == 0 then
		os.remove (file_of (session))
		return true
	end
	local lines = {}
	for number, one in ipairs (list) do
		lines[number] = ("%d %d %s\n"):format (one.since, one.start, one.path)
	end
	return files.write (file_of (session), table.concat (lines))
end

-- Remembers that the session waits for the stems of `path`, which begins at sample `start`. Returns whether it could.
function wanted.add (session, path, start)
	local list = wanted.read (session)
	list[#list + 1] = { since = os.time (), start = start, path = path }
	return write (session, list)
end

-- Returns a list without one entry.
function wanted.without (list, entry)
	local left = {}
	for _, one in ipairs (list) do
		if not entry or one.path ~= entry.path or one.since ~= entry.since then
			left[#left + 1] = one
		end
	end
	return left
end

-- Forgets one entry.
function wanted.remove (session, entry)
	write (session, wanted.without (wanted.read (session), entry))
end

-- Returns the entry that a delivery answers: the same bounce, delivered after it was asked for; the newest such.
function wanted.entry_for (list, delivery)
	local answered
	for _, one in ipairs (list) do
		if one.path:match ("[^/]*$") == delivery.bounce and utc (one.since) <= delivery.created then
			answered = one
		end
	end
	return answered
end

return wanted
