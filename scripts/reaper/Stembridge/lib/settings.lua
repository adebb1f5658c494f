-- What the musician chose, kept by REAPER for all projects (reaper-extstate.ini).

return function(part)
  local places = part("places")
  local status = part("status")
  local json = part("json")
  local settings = {}
  local SECTION = "Stembridge"

  local DEFAULTS = {
    state = "", -- the folder of the bridge's status file; "": the platform's
    preset = "",
    import_at_once = true,
    mute_originals = false,
    skip_silent = false,
    rendered = json.array(), -- our own bounces in the inbox, newest last: [path, mark of the file]
    stems = {}, -- stem name -> "muted" or "left out"; all others are imported as they are
  }

  -- A copy: whoever asks may change it.
  local function default(name)
    if name == "inbox" or name == "output" then
      return settings.bridge()[name]
    end
    return json.decode(json.encode(DEFAULTS[name]))
  end

  function settings.get(name)
    local kept = json.decode(reaper.GetExtState(SECTION, name))
    local value = (json.is_array(kept) and kept or {})[1]
    local fallback = default(name)
    if type(value) ~= type(fallback) then
      return fallback
    end
    return value
  end

  -- What the bridge says of itself now (see status.lua).
  function settings.bridge()
    local folder = settings.get("state")
    return status.said(folder ~= "" and folder or places.state())
  end

  function settings.set(name, value)
    -- In brackets: reading an ini value takes a pair of quotes off it.
    reaper.SetExtState(SECTION, name, json.encode(json.array({ value })), true)
  end

  -- Forgets a choice: what the bridge says counts again.
  function settings.reset(name)
    reaper.DeleteExtState(SECTION, name, true)
  end

  -- The presets that can be chosen: those of the bridge's configuration, and the folders in the inbox.
  function settings.presets()
    local files = part("files")
    local names, seen = {}, { source = true }
    local function add(name)
      if not seen[name:lower()] and not name:find("^%.") then
        seen[name:lower()] = true
        names[#names + 1] = name
      end
    end
    for _, name in ipairs(settings.bridge().presets) do
      add(name)
    end
    for _, name in ipairs(files.folders_in(settings.get("inbox"))) do
      add(name)
    end
    table.sort(names)
    return names
  end

  return settings
end
