-- The menus of the window: what is bounced, the preset, the stems, and the rest.

return function(part)
  local menu = part("menu")
  local settings = part("settings")
  local names = part("names")
  local startup = part("startup")
  local choices = {}
  local PRESET_LETTERS = "^[%w_-]+$"

  local function ask(title, caption, text)
    local agreed, answer = reaper.GetUserInputs(title, 1, caption .. ",separator=\n,extrawidth=320", text)
    return agreed and answer or nil
  end

  function choices.song(song)
    local answer = ask("Stembridge", "Song", song)
    return answer and answer ~= "" and names.song(answer) or song
  end

  function choices.what(view)
    menu.show({
      { text = "The mix: time selection, else the whole project", checked = view.kind == "mix",
        action = function() view.kind = "mix" end },
      { text = "The selected item", checked = view.kind == "item", action = function() view.kind = "item" end },
    })
  end

  local function other_preset(view)
    local name = ask("Stembridge", "Preset", "")
    if name and name:find(PRESET_LETTERS) then
      settings.set("preset", name)
    elseif name then
      view.message = "A preset is called by letters, digits, - and _, as in the bridge's configuration."
    end
  end

  function choices.preset(view)
    local chosen = settings.get("preset")
    local items = { { text = "No preset", checked = chosen == "", action = function() settings.set("preset", "") end } }
    for _, name in ipairs(settings.presets()) do
      items[#items + 1] = {
        text = name, checked = name == chosen, action = function() settings.set("preset", name) end,
      }
    end
    items[#items + 1] = {}
    items[#items + 1] = { text = "Another preset...", action = function() other_preset(view) end }
    menu.show(items)
  end

  local function set_stem(stem, how)
    local stems = settings.get("stems")
    stems[stem] = how
    settings.set("stems", stems)
  end

  function choices.stems()
    local stems, items = settings.get("stems"), {}
    for _, stem in ipairs(names.STEMS) do
      local function entry(text, how)
        return { text = text, checked = stems[stem] == how, action = function() set_stem(stem, how) end }
      end
      items[#items + 1] = { text = stems[stem] and stem .. " (" .. stems[stem]:gsub("_", " ") .. ")" or stem,
        items = { entry("Import", nil), entry("Import muted", "muted"), entry("Leave out", "left_out") } }
    end
    items[#items + 1] = {}
    items[#items + 1] = { text = "Leave silent stems out", checked = settings.get("skip_silent"),
      action = function() settings.set("skip_silent", not settings.get("skip_silent")) end }
    items[#items + 1] = { text = "Import all stems", action = function() settings.reset("stems") end }
    menu.show(items)
  end

  -- One line about the choice of stems.
  function choices.stems_text()
    local words, stems = {}, settings.get("stems")
    for _, stem in ipairs(names.STEMS) do
      words[#words + 1] = stems[stem] and (stems[stem] == "muted" and "muted: " or "without ") .. stem
    end
    return #words > 0 and table.concat(words, ", ") or "all"
  end

  local function toggle(text, name)
    return { text = text, checked = settings.get(name), action = function() settings.set(name, not settings.get(name)) end }
  end

  local function folder(text, name)
    return { text = text, action = function()
      local answer = ask("Stembridge (empty: as the bridge says)", text, settings.get(name))
      if answer == "" then
        settings.reset(name)
      elseif answer then
        settings.set(name, answer)
      end
    end }
  end

  -- The stable name of one of our actions, such as "_RS7d3c...".
  function choices.command_name(script)
    local command = reaper.AddRemoveReaScript(true, 0, script, true)
    local name = command ~= 0 and reaper.ReverseNamedCommandLookup(command)
    return name and "_" .. name or nil
  end

  local function start_with_reaper(view)
    local name = choices.command_name(view.auto_import)
    local good = startup.is_added() and startup.remove() or not startup.is_added() and name and startup.add(name)
    view.message = not good and "Scripts/__startup.lua could not be written." or ""
  end

  local function show_poke(view)
    local name = choices.command_name(view.import)
    reaper.ShowConsoleMsg(name and ("Stembridge can tell REAPER of finished stems. Switch an OSC device on in REAPER's "
      .. "preferences (Control/OSC/web, local listen port 8000), and put this under [osc] in Stembridge's "
      .. 'configuration:\n\npoke = ["127.0.0.1:8000 /action/str %s"]\n\n'):format(name)
      or "REAPER did not take Stembridge_Import finished stems.lua into its action list.\n")
  end

  function choices.options(view)
    menu.show({
      toggle("Import stems as soon as they are there", "import_at_once"),
      toggle("Mute the original when its stems come", "mute_originals"),
      { text = "Auto-import starts with REAPER", checked = startup.is_added(),
        action = function() start_with_reaper(view) end },
      { text = "Let the bridge poke REAPER...", action = function() show_poke(view) end },
      {},
      folder("Inbox folder...", "inbox"),
      folder("Stems folder...", "output"),
      folder("State folder...", "state"),
    })
  end

  return choices
end
