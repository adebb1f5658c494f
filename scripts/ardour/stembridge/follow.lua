-- Follows what the session waits for in the bridge's status file: tells how it goes, each thing once, and asks again
-- where the bridge was not there and is now.

local use = ...
local bridge = use ("bridge")
local news = use ("news")
local status = use ("status")
local wanted = use ("wanted")

local SILENT_S = 10    -- after so long without a bridge something is wrong
local COPYING_S = 60   -- a bridge that runs first copies what it is asked for
local AT_ONCE_S = 60   -- a refusal that comes so soon belongs to what the musician is doing

local follow = {}
local told, asked_at, shown = {}, {}, {}

local function tell (entry, text)
	local key = entry.since .. entry.path
	if text and told[key] ~= text then
		told[key] = text
		print (text)
	end
end

-- Forgets what the bridge refuses. A window tells of it, once for each cause, as long as the musician is at it: else
-- somebody waits all night for stems that never come.
local function refused (list, entry, refusal)
	local theirs = {}
	for _, one in ipairs (list) do
		theirs[#theirs + 1] = one.path == entry.path and one.since <= refusal.at and one or nil
	end
	wanted.remove (Session:path (), theirs)
	local text = news.refused (entry.path, refusal)
	print (text)
	if not shown[refusal.code] and os.time () - entry.since < AT_ONCE_S and not Session:transport_rolling () then
		shown[refusal.code] = true
		bridge.show (text)
	end
end

local function taken (entry, job, paused)
	if entry.asked ~= wanted.TAKEN then
		wanted.set_asked (Session:path (), entry, wanted.TAKEN)
		print (news.taken (entry.path))
	end
	tell (entry, news.of_job (entry.path, job, paused))
end

local function ask_again (settings, entry, hearing)
	bridge.ask (settings, entry.path, entry.preset)
	wanted.set_asked (Session:path (), entry, hearing)
	asked_at[entry.path] = os.time ()
	print (news.asked_again (entry.path))
end

-- Says what may be wrong where nothing has answered.
local function unanswered (settings, entry, found)
	local waited = os.time () - (asked_at[entry.path] or entry.since)
	if waited < SILENT_S then
		return
	elseif not found then
		tell (entry, news.nowhere (entry.path))
	elseif not status.runs (found) then
		tell (entry, news.not_running (entry.path))
	elseif not found.osc then
		tell (entry, news.deaf (entry.path))
	elseif bridge.hearing (settings) == "" then
		tell (entry, news.elsewhere (entry.path, settings.bridge, bridge.url (found.osc)))
	elseif waited >= COPYING_S then
		tell (entry, news.silent (entry.path))
	end
end

local function look_at (settings, list, entry)
	local found = status.read ()
	local job = found and status.job_of (found, entry)
	local refusal = found and status.refusal_of (found, entry)
	local hearing = bridge.hearing (settings)
	local lost = hearing ~= "" and entry.asked ~= hearing and entry.asked ~= wanted.TAKEN
	if refusal then
		refused (list, entry, refusal)
	elseif lost and not (job and status.ended (job)) then
		ask_again (settings, entry, hearing)
	elseif job then
		taken (entry, job, found.paused)
	elseif entry.asked ~= wanted.TAKEN then
		unanswered (settings, entry, found)
	end
end

-- Looks once at a list of what no delivery has answered yet; of each file the newest entry counts.
function follow.look (settings, list)
	local newest = {}
	for _, entry in ipairs (list) do
		newest[entry.path] = entry
	end
	for _, entry in ipairs (list) do
		if newest[entry.path] == entry then
			look_at (settings, list, entry)
		end
	end
end

return follow
