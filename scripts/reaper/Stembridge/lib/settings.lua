-- What the musician chose, kept by REAPER for all projects (reaper-extstate.ini).

return function(part)
  local places = part("places")
  local json = part("json")
  local settings = {}
  local SECTION = "Stembridge"
  local found = places.find()

  local DEFAULTS = {
    inbox = found.inbox,
    output = found.output,
    preset = "",
    import_at_once = true,
    mute_originals = false,
    skip_silent = false,
    rendered = json.array(), -- our own bounces in the inbox, newest last: [path, mark of the file]
    stems = {}, -- stem name -> "muted" or "left out"; all others are imported as they are
  }

  settings.host, settings.port = found.host, found.port

  function settings.get(name)
    local kept = json.decode(reaper.GetExtState(SECTION, name))
    local value = (json.is_array(kept) and kept or {})[1]
    if type(value) ~= type(DEFAULTS[name]) then
      -- A copy: whoever asks may change it.
      return json.decode(json.encode(DEFAULTS[name]))
    end
    return value
  end

  function settings.set(name, value)
    -- In brackets: reading an ini value takes a pair of quotes off it.
    reaper.SetExtState(SECTION, name, json.encode(json.array({ value })), true)
  end

  -- Forgets a choice: the bridge's own configuration counts again.
  function settings.reset(name)
    reaper.DeleteExtState(SECTION, name, true)
  end

  -- The presets that can be chosen: those of the configuration, and the folders in the inbox.
  function settings.presets()
    local files = part("files")
    local names, seen = {}, { source = true }
    local function add(name)
      if not seen[name:lower()] and not name:find("^%.") then
        seen[name:lower()] = true
        names[#names + 1] = name
      end
    end
    for _, name in ipairs(found.presets) do
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
