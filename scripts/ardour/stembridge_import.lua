ardour {
	["type"]    = "EditorAction",
	name        = "Stembridge: import finished stems",
	license     = "MIT",
	author      = "Stembridge",
	description = [[
Imports stems that the bridge has delivered: a named and coloured track each, where the bounce began.
Says what this session still waits for. Stems that are in the session already are not offered again.
Needs the folder "stembridge" beside this script.]]
}

function action_params ()
	return {
		["ask"]    = { title = "Ask which delivery (yes), or take the newest (no)", default = "yes" },
		["stems"]  = { title = "Stems folder (empty: the bridge's own)", default = "" },
	}
end

function factory (params)
	local folder = ARDOUR.LuaAPI.build_filename (ARDOUR.user_config_directory (-1), "scripts", "stembridge")
	local start = loadfile (folder .. "/start.lua")
	if not start then
		print ("Stembridge: there is no folder " .. folder .. ".")
	end
	return start and start (folder, "import", params) or function () end
end
