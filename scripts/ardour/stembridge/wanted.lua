-- What this session asked the bridge for. It lies beside the session, not in it: an export is still wanted after a
-- crash, whether the session was saved or not. One line each: seconds since 1970, first sample, frames, sample rate
-- (0 and 0 where nobody knows), path; after tabs the preset, and the process that was asked, wanted.TAKEN where that has
-- taken it, or nothing where the bridge was not there.

local use = ...
local files = use ("files")
local wav = use ("wav")

local LINE = "(%d+) (%-?%d+) (%d+) (%d+) ([^\n\t]+)\t?([^\n\t]*)\t?([^\n]*)\n"
local WEEK_S = 7 * 24 * 3600
-- Who asks again for a bounce that was delivered only just now is told of that delivery by the bridge.
local JUST_NOW_S = 15

local wanted = { TAKEN = "taken" }
local hashes = {}

local function file_of (session)
	return session .. "/stembridge-wanted.txt"
end

local function utc (seconds)
	return os.date ("!%Y-%m-%dT%H:%M:%SZ", seconds)
end

-- Returns what the session in this folder waits for, oldest first; who waits for a week waits for nothing.
function wanted.read (session)
	local list, lines = {}, files.read (file_of (session)) or ""
	for since, start, frames, rate, path, preset, asked in lines:gmatch (LINE) do
		if os.time () - since < WEEK_S then
			list[#list + 1] = {
				since = math.tointeger (since), start = math.tointeger (start), frames = math.tointeger (frames),
				rate = math.tointeger (rate), path = path, preset = preset, asked = asked,
			}
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
		lines[number] = ("%d %d %d %d %s\t%s\t%s\n"):format (
			one.since, one.start, one.frames, one.rate, one.path, one.preset, one.asked
		)
	end
	return files.write (file_of (session), table.concat (lines))
end

-- Remembers that the session waits for the stems of `path`, which begins at sample `start`; `asked` is the process that
-- was asked with `preset`. Returns whether it could.
function wanted.add (session, path, start, preset, asked)
	local list = wanted.read (session)
	local frames, rate = wav.length (path)
	list[#list + 1] = {
		since = os.time (), start = start, frames = frames, rate = rate, path = path, preset = preset, asked = asked,
	}
	return write (session, list)
end

-- Remembers whom an entry was asked of last.
function wanted.set_asked (session, entry, asked)
	local list = wanted.read (session)
	for _, one in ipairs (list) do
		if one.since == entry.since and one.path == entry.path then
			one.asked = asked
		end
	end
	write (session, list)
end

-- Returns a list without some entries.
function wanted.without (list, entries)
	local gone, left = {}, {}
	for _, one in ipairs (entries) do
		gone[one.since .. one.path] = true
	end
	for _, one in ipairs (list) do
		if not gone[one.since .. one.path] then
			left[#left + 1] = one
		end
	end
	return left
end

-- Forgets some entries.
function wanted.remove (session, entries)
	write (session, wanted.without (wanted.read (session), entries))
end

local function looks_like (entry, delivery)
	return entry.path:match ("[^/]*$") == delivery.bounce
		and (entry.frames == 0 or entry.frames == delivery.frames and entry.rate == delivery.rate)
end

-- Says whether the file that was asked for is the delivery's bounce; nil where it is gone.
local function same_content (entry, delivery)
	local key = entry.since .. entry.path
	hashes[key] = hashes[key] or files.sha256 (entry.path)
	if not hashes[key] or not delivery.sha256 then
		return nil
	end
	return hashes[key] == delivery.sha256
end

-- Returns the entries that a delivery answers, oldest first: the same bounce, delivered after it was asked for or just
-- before. Other sessions have bounces of this name too: of each file's newest entry the content is compared (an older
-- one was overwritten by now).
function wanted.answered_by (list, delivery)
	local newest, answered = {}, {}
	for _, one in ipairs (list) do
		newest[one.path] = one
	end
	for _, one in ipairs (list) do
		local asked_before = utc (one.since) <= delivery.created
		if looks_like (one, delivery) and (asked_before or utc (one.since - JUST_NOW_S) <= delivery.created) then
			local same = newest[one.path] == one and same_content (one, delivery)
			local no_doubt = newest[one.path] ~= one or same == nil
			if same or no_doubt and asked_before then
				answered[#answered + 1] = one
			end
		end
	end
	return answered
end

return wanted
