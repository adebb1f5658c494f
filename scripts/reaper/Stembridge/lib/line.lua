-- The Lua end of the line to the bridge. The other end, Stembridge_Line.eel, holds the TCP connection, since Lua in
-- REAPER has no sockets; both meet in REAPER's ExtState, which nobody has to wait for.

return function(part)
  local settings = part("settings")
  local line = {}
  local SECTION = "Stembridge line"
  local DEAD_TICKS = 45 -- of our own: while REAPER renders, neither end gets any
  local TRY_AGAIN_TICKS = 900

  local script
  local ticks, alive_at, alive, tried_at = 0, -DEAD_TICKS, "", -TRY_AGAIN_TICKS
  local sent, queue = 0, {}
  local bridge

  local function get(key)
    return reaper.GetExtState(SECTION, key)
  end

  local function set(key, value)
    reaper.SetExtState(SECTION, key, tostring(value), false)
  end

  local function start_script()
    tried_at = ticks
    local command = reaper.AddRemoveReaScript(true, 0, script, true)
    if command ~= 0 then
      reaper.Main_OnCommand(command, 0)
    end
  end

  -- The bridge may be started only now, or anew at another port.
  local function follow_bridge()
    if bridge ~= settings.bridge() then
      bridge = settings.bridge()
      set("host", bridge.host)
      set("port", bridge.port)
    end
  end

  -- Names the script of the other end; call it once, before tick().
  function line.open(path)
    script = path
    sent = math.tointeger(tonumber(get("sent"))) or 0
  end

  -- To be called on every tick of REAPER: keeps the other end alive and hands it what waits to be sent.
  function line.tick()
    ticks = ticks + 1
    follow_bridge()
    set("want", ticks)
    if get("alive") ~= alive then
      alive, alive_at = get("alive"), ticks
    elseif ticks - alive_at > DEAD_TICKS and ticks - tried_at > TRY_AGAIN_TICKS then
      start_script()
    end
    if #queue > 0 and get("out") == "" then
      set("out", table.remove(queue, 1))
    end
  end

  function line.is_open()
    return ticks - alive_at <= DEAD_TICKS and get("state") == "open"
  end

  function line.version()
    return get("version")
  end

  -- Sends an address with texts as its arguments; returns the number that reply() asks for. False where a text cannot
  -- travel: ExtState is lines of text.
  function line.send(address, ...)
    local words = { address, ... }
    for _, word in ipairs(words) do
      if word:find("%c") then
        return false
      end
    end
    sent = sent + 1
    set("sent", sent)
    queue[#queue + 1] = sent .. "\n" .. table.concat(words, "\n")
    return sent
  end

  -- The bridge's answer to a separate: {job = …}, {error = sentence} or {lost = true}; nil while there is none.
  function line.reply(number)
    local kind, first = get("reply " .. number):match("^(%a+)\n([^\n]*)")
    if not kind then
      return nil
    end
    reaper.DeleteExtState(SECTION, "reply " .. number, false)
    return { job = kind == "accepted" and first or nil, error = kind == "error" and first or nil, lost = kind == "lost" }
  end

  -- What was heard of a job: {state, progress (0 to 1), step, folder, error}; texts are "" until they are told.
  function line.job(id)
    return {
      state = get("job " .. id .. " state"),
      progress = tonumber(get("job " .. id .. " progress")) or 0,
      step = get("job " .. id .. " step"),
      folder = get("job " .. id .. " folder"),
      error = get("job " .. id .. " error"),
    }
  end

  return line
end
