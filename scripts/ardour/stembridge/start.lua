-- Loads the parts of Stembridge that lie beside this file, since Ardour's Lua knows no require, and calls one of them.
-- Called with this folder, the part's name and the script's parameters; returns what Ardour is to call.

local folder, name, params = ...
local parts = {}

local function use (part)
	if parts[part] == nil then
		parts[part] = assert (loadfile (folder .. "/" .. part .. ".lua")) (use)
	end
	return parts[part]
end

-- A script that raises while Ardour starts takes the musician's other scripts with it.
local ok, made = pcall (function () return use (name) (params or {}) end)
if not ok then
	print ("Stembridge is not installed completely (" .. tostring (made) .. "). Copy its scripts and folder again.")
end
return ok and made or function () end
