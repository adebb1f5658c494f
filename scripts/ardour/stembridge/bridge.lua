-- Where the bridge is, and how it is asked. What a script's parameters leave empty is what the bridge says of itself, or
-- else has by default.

local use = ...
local status = use ("status")
local wanted = use ("wanted")

-- The bridge hears both kinds of addresses at "::"; Ardour's OSC cannot send to ::1 on every machine.
local LOOPBACK = { ["0.0.0.0"] = "127.0.0.1", ["::"] = "127.0.0.1" }

local bridge = {}

-- Returns where a bridge listens, as Ardour's OSC has it.
function bridge.url (osc)
	local host = LOOPBACK[osc.host] or osc.host
	return ("osc.udp://%s:%d"):format (host:find (":", 1, true) and "[" .. host .. "]" or host, osc.port)
end

-- Returns the settings of a script from its parameters. They hold for now: the bridge may be set up anew any time.
function bridge.settings (params)
	local home = os.getenv ("HOME") or ""
	local found = status.read () or {}
	local function chosen (name, default)
		local value = params[name]
		return value and value ~= "" and value:gsub ("^~", home, 1) or default
	end
	return {
		stems = chosen ("stems", found.stems or home .. "/Music/Stembridge/Stems"),
		bridge = chosen ("bridge", bridge.url (found.osc or { host = "127.0.0.1", port = 9123 })),
		preset = chosen ("preset", ""),
		ask = chosen ("ask", "yes") ~= "no",
	}
end

-- Returns the process that hears what is sent now; "" where the status file knows of none.
function bridge.hearing (settings)
	local found = status.read ()
	local port = found and found.running and found.osc and found.osc.port
	return port and settings.bridge:match (":(%d+)/?$") == tostring (port) and tostring (found.pid) or ""
end

-- Asks the bridge to separate a file. Nobody can tell here whether it has heard it: Ardour's OSC has no answers.
function bridge.ask (settings, path, preset)
	local address = ARDOUR.LuaOSC.Address (settings.bridge)
	if preset == "" then
		address:send ("/stembridge/separate", "s", path)
	else
		address:send ("/stembridge/separate", "ss", path, preset)
	end
end

-- Asks the bridge for the stems of a file and remembers that this session waits for them; `start` is the sample it begins
-- at. Returns a sentence.
function bridge.separate (settings, path, start)
	if (path .. settings.preset):find ("%c") then
		return ("This name cannot be sent to the bridge: %s %s"):format (path, settings.preset)
	end
	local hearing = bridge.hearing (settings)
	bridge.ask (settings, path, settings.preset)
	if not wanted.add (Session:path (), path, start, settings.preset, hearing) then
		return "Asked for the stems of " .. path .. ". Import them by hand: the session's folder cannot be written to."
	end
	return "Asked for the stems of " .. path .. ". They come in by themselves if the bridge runs."
end

-- Shows the musician a sentence in a window.
function bridge.show (text)
	LuaDialog.Message ("Stembridge", text, LuaDialog.MessageType.Info, LuaDialog.ButtonType.Close):run ()
end

-- Tells the musician a sentence: in Ardour's log, and in a window where an action may ask questions.
function bridge.say (settings, text)
	print (text)
	if settings.ask then
		bridge.show (text)
	end
end

return bridge
