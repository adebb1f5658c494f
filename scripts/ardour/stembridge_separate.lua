ardour {
	["type"]    = "EditorAction",
	name        = "Stembridge: separate a bounce",
	license     = "MIT",
	author      = "Stembridge",
	description = [[
Asks the bridge for the stems of the newest export, or of a file that you choose.
The hook "Stembridge: stems of every export" imports them when they are finished.
Needs Stembridge running on this computer, and the folder "stembridge" beside this script.]]
}

function action_params ()
	return {
		["ask"]    = { title = "Ask which file (yes), or take the newest export (no)", default = "yes" },
		["bridge"] = { title = "Where the bridge listens (empty: found by itself)", default = "" },
		["preset"] = { title = "Preset or model (empty: the bridge's own choice)", default = "" },
	}
end

function factory (params)
	local folder = ARDOUR.LuaAPI.build_filename (ARDOUR.user_config_directory (-1), "scripts", "stembridge")
	local start = loadfile (folder .. "/start.lua")
	if not start then
		print ("Stembridge: there is no folder " .. folder .. ".")
	end
	return start and start (folder, "separate", params) or function () end
end
