ardour {
	["type"]    = "EditorHook",
	name        = "Stembridge: stems of every export",
	license     = "MIT",
	author      = "Stembridge",
	description = [[
Asks the bridge to separate each mix that you export, and imports its stems
when they are finished: a named and coloured track each, where the export began.
Needs Stembridge running on this computer, and the folder "stembridge" beside this script.]]
}

function action_params ()
	return {
		["stems"]  = { title = "Stems folder (empty: the bridge's own)", default = "" },
		["bridge"] = { title = "Where the bridge listens (empty: found by itself)", default = "" },
		["preset"] = { title = "Preset or model (empty: the bridge's own choice)", default = "" },
	}
end

function signals ()
	return LuaSignal.Set ():add ({
		[LuaSignal.Exported] = true, [LuaSignal.StateSaved] = true, [LuaSignal.LuaTimerS] = true
	})
end

function factory (params)
	local folder = ARDOUR.LuaAPI.build_filename (ARDOUR.user_config_directory (-1), "scripts", "stembridge")
	local start = loadfile (folder .. "/start.lua")
	if not start then
		print ("Stembridge: there is no folder " .. folder .. ".")
	end
	return start and start (folder, "auto", params) or function () end
end
