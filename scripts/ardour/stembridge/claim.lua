-- The lock of the claim protocol (docs/importers.md): two importers never take one delivery at the same moment.

local use = ...
local files = use ("files")

local LOCK = ".importing"
local TAKEOVER = LOCK .. "-takeover"
local STALE_S = 120

local claim = {}

local function nonce ()
	return ("%d%s"):format (os.time (), tostring ({}):gsub ("[^%x]", ""))
end

local function line (text)
	return (text:gsub ("%s+", " "))
end

local function seconds_in (by)
	return tonumber (by:match ("^[^\n]*\n[^\n]*\n([^\n]*)") or "")
end

-- Removes a folder of ours in one step, as others see it: renamed away first, emptied then. Only one can.
local function remove (folder, name)
	local away = folder .. "/" .. LOCK .. "-stale-" .. nonce ()
	if os.rename (folder .. "/" .. name, away) then
		os.remove (away .. "/by")
		os.remove (away .. "/by.new")
		os.remove (away)
	end
end

local function is_stale (path)
	local since = seconds_in (files.read (path .. "/by") or "")
	if since then
		return math.abs (os.time () - since) > STALE_S
	end
	return files.older_than (path, STALE_S // 60)
end

-- Removes what importers that were killed between two steps have left.
local function sweep (folder)
	for _, name in ipairs (files.beginning_with (folder, LOCK .. "-")) do
		if files.older_than (folder .. "/" .. name, STALE_S // 60) then
			remove (folder, name)
		end
	end
end

-- Makes a folder of ours that says whose it is. Returns it and what is in its file; nil where there can be none.
local function make (folder, importer, project)
	local name = nonce ()
	local mine = folder .. "/" .. LOCK .. "-" .. name
	if not files.make_folder (mine) then
		return nil
	end
	local by = ("%s\n%s\n%d\n%s\n"):format (line (importer), line (project), os.time (), name)
	if not files.write (mine .. "/by", by) then
		os.remove (mine)
		return nil
	end
	return mine, by
end

-- Gives our folder the name of a lock. Only a folder that is not empty keeps another from being renamed onto it.
local function put (mine, lock)
	if os.rename (mine, lock) then
		return true
	end
	os.remove (mine .. "/by")
	os.remove (mine)
	return false
end

-- Clears a crashed importer's lock away. Judged again where only one can be: else a slow one could clear away the lock
-- that a quick one has just taken.
local function take_over (folder, importer, project)
	local takeover = folder .. "/" .. TAKEOVER
	local mine, by = make (folder, importer, project)
	if not mine then
		return
	end
	if not put (mine, takeover) then
		sweep (folder)
		return
	end
	if is_stale (folder .. "/" .. LOCK) then
		remove (folder, LOCK)
	end
	if files.read (takeover .. "/by") == by then
		remove (folder, TAKEOVER)
	end
end

-- Takes the lock of a delivery for `project`. Returns nil while another importer has it, else what `release` and
-- `refresh` want. On a folder that can only be read there is no lock: the stamp alone counts.
function claim.take (folder, importer, project)
	local lock = folder .. "/" .. LOCK
	if files.exists (lock) then
		if not is_stale (lock) then
			return nil
		end
		take_over (folder, importer, project)
	end
	local mine, by = make (folder, importer, project)
	if not mine then
		return (not files.exists (lock) or is_stale (lock)) and { folder = folder } or nil
	end
	return put (mine, lock) and { folder = folder, by = by } or nil
end

-- Says whether a lock is still ours: after two minutes without `refresh` another importer may have it.
function claim.held (taken)
	return not taken.by or files.read (taken.folder .. "/" .. LOCK .. "/by") == taken.by
end

-- Says that the import is still going on.
function claim.refresh (taken)
	if not taken.by or not claim.held (taken) then
		return
	end
	local by = taken.by:gsub ("^([^\n]*\n[^\n]*\n)[^\n]*", function (start) return start .. os.time () end)
	if files.write (taken.folder .. "/" .. LOCK .. "/by", by) then
		taken.by = by
	end
end

-- Gives a lock back; nothing of the claim stays in the folder.
function claim.release (taken)
	if taken.by and claim.held (taken) then
		remove (taken.folder, LOCK)
		sweep (taken.folder)
	end
	taken.by = nil
end

return claim
