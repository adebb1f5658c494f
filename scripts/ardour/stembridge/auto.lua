-- The hook: asks for the stems of every export, and imports what has been delivered of it.

local use = ...
local bridge = use ("bridge")
local delivery = use ("delivery")
local files = use ("files")
local follow = use ("follow")
local status = use ("status")
local tracks = use ("tracks")
local wanted = use ("wanted")

local QUIET_S = 2      -- an export that has written nothing for so long is over
local LOOK_S = 3       -- between two looks for deliveries
local PATIENCE = 100   -- what took long is followed by a pause of so many times its length,
local LONGEST_S = 60   -- but of no more

local function now_s ()
	return ARDOUR.LuaAPI.monotonic_time () / 1e6
end

-- Returns the one bounce that an export has written, in its best format; nil where it has written several mixes.
local function bounce_of (exports)
	local best
	for _, one in ipairs (exports) do
		local base, ending = one.path:match ("^(.*)%.(%w+)$")
		local rank = base and files.AUDIO[ending:lower ()]
		if rank then
			if best and best.base ~= base then
				return nil
			end
			if not best or rank < best.rank then
				best = { base = base, rank = rank, path = one.path, start = one.start }
			end
		end
	end
	return best
end

local function ask_for (settings, exports)
	local bounce = bounce_of (exports)
	if bounce then
		print (bridge.separate (settings, bounce.path, bounce.start))
	else
		print ("The export wrote several mixes or none, so the bridge was not asked. Choose one by the action.")
	end
end

local function pause_after (began)
	return now_s () + math.min (math.max (LOOK_S, (now_s () - began) * PATIENCE), LONGEST_S)
end

-- Returns what searches a stems folder, and in its pauses says again what it has found: a search holds Ardour up longest.
local function searcher ()
	local folders, due = {}, 0
	return function (stems, minutes)
		local began = now_s ()
		if began >= due then
			folders = files.deliveries (stems, minutes)
			due = pause_after (began)
		end
		return table.move (folders, 1, #folders, 1, {})
	end
end

-- Returns the folders of the deliveries that may answer a list: what a search finds, and what the bridge names.
local function folders_for (settings, list, search)
	local folders = search (settings.stems, (os.time () - list[1].since) // 60 + 2)
	local said = status.read ()
	for _, entry in ipairs (list) do
		local job = said and status.job_of (said, entry)
		folders[#folders + 1] = job and job.folder
	end
	return folders
end

-- Returns what of a list no delivery answers; then a delivery that the session waits for, and the entries that it
-- answers. `seen` holds the jobs that this run of Ardour has dealt with, and when the newest entry for each was made:
-- what the musician has removed since then must not come back unless asked for again.
local function look (folders, list, seen)
	local unanswered, new, answered = list, nil, nil
	for _, folder in ipairs (folders) do
		local found = delivery.read (folder)
		local entries = found and wanted.answered_by (list, found) or {}
		unanswered = wanted.without (unanswered, entries)
		if not new and #entries > 0 and (seen[found.job] or 0) < entries[#entries].since then
			new, answered = found, entries
		end
	end
	return unanswered, new, answered
end

-- Imports a delivery. Returns whether it has been dealt with, and whether it is in the session now.
local function import (found, start)
	local done, problem = tracks.import (found, start)
	if problem then
		print (problem)
	elseif done == "imported" then
		print (("Imported %d stems of %s."):format (#found.stems, found.song))
	end
	return done ~= "busy", done == "imported" or done == "there"
end

return function (params)
	local exports, exported_at = {}, 0
	local seen, answered = {}, {}
	local search = searcher ()
	local next_look, busy = 0, false

	local function look_for (list)
		local settings = bridge.settings (params)
		local folders = folders_for (settings, list, search)
		local began = now_s ()
		local unanswered, found, entries = look (folders, list, seen)
		next_look = pause_after (began)
		if found then
			local newest = entries[#entries]
			local over, inside = import (found, newest.start)
			seen[found.job] = over and newest.since or seen[found.job]
			table.move (inside and entries or {}, 1, #entries, #answered + 1, answered)
		end
		follow.look (settings, unanswered)
	end

	local function exported (_, path, _, start)
		exports[#exports + 1], exported_at = { path = path, start = start }, now_s ()
	end

	-- What was imported is in the saved session now. A snapshot of another name says nothing about it.
	local function saved (name)
		if name == Session:snap_name () then
			wanted.remove (Session:path (), answered)
			answered = {}
		end
	end

	local function tick ()
		if #exports > 0 and now_s () - exported_at > QUIET_S then
			local finished = exports
			exports = {}
			ask_for (bridge.settings (params), finished)
		end
		if now_s () >= next_look and not Session:actively_recording () then
			next_look = now_s () + LOOK_S
			local list = wanted.read (Session:path ())
			if #list > 0 then
				look_for (list)
			end
		end
	end

	local ON = { [LuaSignal.Exported] = exported, [LuaSignal.StateSaved] = saved, [LuaSignal.LuaTimerS] = tick }

	return function (signal, _, ...)
		-- An import and a window handle events, this timer's too.
		local timer = ON[signal] == tick
		if timer and busy then
			return
		end
		busy = busy or timer
		-- Ardour removes a hook that raises, and does not run it again, ever.
		local ok, problem = pcall (ON[signal], ...)
		busy = busy and not timer
		if not ok then
			print ("Stembridge: " .. tostring (problem))
			next_look = now_s () + 60
		end
	end
end
