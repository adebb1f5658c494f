-- The action that asks for the stems of a file: the newest export, or one that the musician chooses.

local use = ...
local bridge = use ("bridge")
local files = use ("files")
local news = use ("news")
local status = use ("status")

local TITLE = "Stembridge: separate"

local function chosen_by_the_musician (settings, newest)
	local answer = LuaDialog.Dialog (TITLE, {
		{ type = "file", key = "path", title = "Bounce", path = newest or Session:path () },
		{ type = "entry", key = "preset", title = "Preset or model (empty: the bridge's own choice)", default = settings.preset },
		{ type = "checkbox", key = "playhead", default = false,
			title = "It begins at the playhead (counts where the file itself does not say)" },
	}):run ()
	if not answer then
		return nil
	end
	settings.preset = answer.preset
	-- The file's button has no name yet for a moment after the window has come up.
	return answer.path ~= "" and answer.path or newest, answer.playhead and Session:transport_sample () or nil
end

return function (params)
	return function ()
		local settings = bridge.settings (params)
		local path = files.newest_audio (ARDOUR.LuaAPI.build_filename (Session:path (), "export"))
		-- An export is of the session from its start, unless it says something else itself.
		local start = Session:current_start_sample ()
		if settings.ask then
			local playhead
			path, playhead = chosen_by_the_musician (settings, path)
			start = playhead or start
			if not path then
				return
			end
		elseif not path then
			bridge.say (settings, "There is no export in this session's export folder.")
			return
		end
		if not files.is_file (path) then
			bridge.say (settings, "Choose an audio file.")
			return
		end
		print (bridge.separate (settings, path, start))
		local found = settings.ask and status.read ()
		if found and not status.runs (found) then
			bridge.show (news.not_running (path))
		end
	end
end
