-- What Lua's own library does not do with files and folders, asked of the system's shell (Linux and macOS).

local files = {}

local function quoted (path)
	return "'" .. path:gsub ("'", [['\'']]) .. "'"
end

-- Runs a command and returns what it prints, and whether it went well.
local function run (command)
	local pipe = io.popen (command .. " 2>/dev/null", "r")
	if not pipe then
		return "", false
	end
	local said = pipe:read ("a")
	return said, pipe:close () == true
end

-- Returns all of a file; nil where it cannot be read.
function files.read (path)
	local file = io.open (path, "rb")
	local text = file and file:read ("a")
	if file then
		file:close ()
	end
	return text
end

-- Writes a file in one step as others see it. Returns whether that went well.
function files.write (path, text)
	local part = path .. ".part"
	local file = io.open (part, "wb")
	local written = file and file:write (text)
	if file then
		written = file:close () and written
	end
	if not written or not os.rename (part, path) then
		os.remove (part)
		return false
	end
	return true
end

-- Says whether something readable and not empty has this name, and is no folder.
function files.is_file (path)
	local file = io.open (path, "rb")
	local first = file and file:read (1)
	if file then
		file:close ()
	end
	return first ~= nil
end

-- Says whether anything has this name.
function files.exists (path)
	return os.rename (path, path) ~= nil
end

-- Makes a folder. Returns false where it is there already or cannot be made.
function files.make_folder (path)
	local _, made = run ("mkdir " .. quoted (path))
	return made
end

-- Returns the SHA-256 of a file in lower-case hex; nil where it cannot be read.
function files.sha256 (path)
	local name = quoted (path)
	local said = run (("{ sha256sum < %s || shasum -a 256 < %s; }"):format (name, name))
	return said:match ("^(%x+) ")
end

-- Says whether a process of this user's runs.
function files.process_runs (pid)
	local _, runs = run (("kill -0 %d"):format (pid))
	return runs
end

-- Says whether `path` was last changed over `minutes` minutes ago.
function files.older_than (path, minutes)
	local found = run (("find %s -prune -mmin +%d"):format (quoted (path), minutes))
	return found ~= ""
end

-- Returns the names of what lies in `folder` and begins with `start`.
function files.beginning_with (folder, start)
	local names = {}
	local said = run (("find %s -mindepth 1 -maxdepth 1 -name %s"):format (quoted (folder), quoted (start .. "*")))
	for path in said:gmatch ("[^\n]+") do
		names[#names + 1] = path:match ("[^/]*$")
	end
	return names
end

-- Returns the folders of all finished deliveries below `output`, or of those of the last so many minutes.
function files.deliveries (output, minutes)
	local when = minutes and (" -mmin -%d"):format (minutes) or ""
	local said = run (("find %s -mindepth 2 -maxdepth 3 -name stems.json%s"):format (quoted (output), when))
	local folders = {}
	for path in said:gmatch ("([^\n]+)/stems%.json\n") do
		folders[#folders + 1] = path
	end
	return folders
end

-- Returns the audio file in `folder` that was changed last; nil where there is none.
function files.newest_audio (folder)
	local said = run ("ls -1tp " .. quoted (folder))
	for name in said:gmatch ("[^\n]+") do
		local ending = name:match ("%.(%w+)$")
		if ending and files.AUDIO[ending:lower ()] then
			return folder .. "/" .. name
		end
	end
	return nil
end

-- Endings of what the bridge separates; where an export writes several, the one with the lowest number is taken.
files.AUDIO = { wav = 1, w64 = 2, rf64 = 3, caf = 4, aiff = 5, aif = 6, flac = 7, ogg = 8, opus = 9, m4a = 10, mp3 = 11 }

return files
