-- Where the bridge is, and how it is asked. What a script's parameters leave empty has the bridge's own defaults.

local use = ...
local wanted = use ("wanted")

local bridge = {}

-- Returns the settings of a script from its parameters.
function bridge.settings (params)
	local home = os.getenv ("HOME") or ""
	local function chosen (name, default)
		local value = params[name]
		return value and value ~= "" and value:gsub ("^~", home, 1) or default
	end
	return {
		stems = chosen ("stems", home .. "/Music/Stembridge/Stems"),
		bridge = chosen ("bridge", "osc.udp://127.0.0.1:9123"),
		preset = chosen ("preset", ""),
		ask = chosen ("ask", "yes") ~= "no",
	}
end

-- Asks the bridge to separate a file and remembers that this session waits for it; `start` is the sample it begins at.
-- Returns a sentence. Nobody can tell here whether the bridge has heard it: Ardour's OSC has no answers.
function bridge.separate (settings, path, start)
	if path:find ("%c") then
		return "This name cannot be sent to the bridge: " .. path
	end
	local address = ARDOUR.LuaOSC.Address (settings.bridge)
	if settings.preset == "" then
		address:send ("/stembridge/separate", "s", path)
	else
		address:send ("/stembridge/separate", "ss", path, settings.preset)
	end
	if not wanted.add (Session:path (), path, start) then
		return "Asked for the stems of " .. path .. ". Import them by hand: the session's folder cannot be written to."
	end
	return "Asked for the stems of " .. path .. ". They come in by themselves if the bridge runs."
end

-- Tells the musician a sentence: in Ardour's log, and in a window where an action may ask questions.
function bridge.say (settings, text)
	print (text)
	if settings.ask then
		LuaDialog.Message ("Stembridge", text, LuaDialog.MessageType.Info, LuaDialog.ButtonType.Close):run ()
	end
end

return bridge
