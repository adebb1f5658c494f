-- The action that imports a finished delivery: the newest, or one that the musician chooses.

local use = ...
local bridge = use ("bridge")
local delivery = use ("delivery")
local files = use ("files")
local news = use ("news")
local status = use ("status")
local tracks = use ("tracks")
local wanted = use ("wanted")

local TITLE = "Stembridge: import finished stems"
local SHOWN = 30

-- Returns the deliveries that are not in the session yet, newest first, and what the session still waits for.
local function look (stems)
	local new, waiting = {}, wanted.read (Session:path ())
	for _, folder in ipairs (files.deliveries (stems)) do
		local found = delivery.read (folder)
		if found and not tracks.has (found.job) then
			new[#new + 1] = found
		elseif found then
			waiting = wanted.without (waiting, wanted.answered_by (waiting, found))
		end
	end
	table.sort (new, function (one, other) return one.created > other.created end)
	return new, waiting
end

local function in_words (waiting)
	local names, found = {}, status.read ()
	for number, one in ipairs (waiting) do
		local job = found and status.job_of (found, one)
		local how = job and news.where (job) or ("asked for %d min ago"):format ((os.time () - one.since) // 60)
		names[number] = ("%s (%s)"):format (one.path:match ("[^/]*$"), how)
	end
	return #names > 0 and "Waiting for " .. table.concat (names, ", ") .. "." or "Waiting for nothing else."
end

local function label (number, found)
	local take = found.take > 1 and (", take %d"):format (found.take) or ""
	return ("%02d. %s%s, %d stems, %s UTC"):format (number, found.song, take, #found.stems, found.created:gsub ("[TZ]", " "))
end

-- Returns the delivery that the musician chose and the sample where it goes if it does not say so itself.
local function chosen_by_the_musician (list, waiting)
	local values, first = {}, nil
	for number = 1, math.min (#list, SHOWN) do
		local text = label (number, list[number])
		values[text], first = number, first or text
	end
	local answer = LuaDialog.Dialog (TITLE, {
		{ type = "dropdown", key = "number", title = "Delivery", values = values, default = first },
		{ type = "checkbox", key = "playhead", default = false,
			title = "At the playhead, where the delivery does not say where it begins" },
		{ type = "label", title = in_words (waiting) },
	}):run ()
	if answer then
		return list[answer.number], answer.playhead and Session:transport_sample () or nil
	end
	return nil
end

local function import (settings, found, playhead)
	local answered = wanted.answered_by (wanted.read (Session:path ()), found)
	local done, problem = tracks.import (found, playhead or #answered > 0 and answered[#answered].start or 0)
	if problem then
		bridge.say (settings, problem)
	elseif done == "busy" then
		bridge.say (settings, "Something is being imported at this moment. Try again when that is done.")
	end
end

return function (params)
	return function ()
		local settings = bridge.settings (params)
		local list, waiting = look (settings.stems)
		local found, playhead = list[1], nil
		if #list == 0 then
			bridge.say (settings, "There are no finished stems that this session does not have. " .. in_words (waiting))
		elseif settings.ask then
			found, playhead = chosen_by_the_musician (list, waiting)
		end
		if found then
			import (settings, found, playhead)
		end
	end
end
