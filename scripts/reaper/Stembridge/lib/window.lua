-- The window of "Stembridge: Bounce and separate".

return function(part)
  local canvas = part("canvas")
  local choices = part("choices")
  local settings = part("settings")
  local project = part("project")
  local range = part("range")
  local bounces = part("bounces")
  local arrivals = part("arrivals")
  local line = part("line")
  local window = {}
  local LOOK_S = 2

  local view = { kind = "mix", song = "", suggested = "", message = "" }
  local looked_at = 0

  -- What would be bounced now; the song's name follows until the musician types one.
  local function wanted(proj, path)
    local found, why
    if view.kind == "item" then
      found, why = range.item(proj)
    else
      found, why = range.mix(proj, path)
    end
    local suggested = found and found.song or ""
    if suggested ~= view.suggested then
      view.song, view.suggested = suggested, suggested
    end
    return found, why
  end

  local function span(found)
    return ("%s: %s to %s"):format(found.label, reaper.format_timestr_pos(found.start, "", -1),
      reaper.format_timestr_pos(found.stop, "", -1))
  end

  local function draw_choices(found, why)
    if canvas.choice("Bounce", found and span(found) or why) then
      choices.what(view)
    end
    if canvas.choice("Song", view.song) and found then
      view.song = choices.song(view.song)
    end
    local preset = settings.get("preset")
    if canvas.choice("Preset", preset == "" and "none" or preset) then
      choices.preset(view)
    end
    if canvas.choice("Stems", choices.stems_text()) then
      choices.stems()
    end
    if canvas.choice("Options", "...") then
      choices.options(view)
    end
  end

  local function draw_rows(proj)
    for _, row in ipairs(bounces.rows(proj)) do
      if canvas.progress(row.song .. ": " .. row.text, row.progress, row.failed, row.failed and "Dismiss" or "Cancel") then
        bounces.cancel(proj, row.id)
      end
    end
  end

  local function import_what_came()
    local now = reaper.time_precise()
    if not settings.get("import_at_once") or now - looked_at < LOOK_S then
      return
    end
    looked_at = now
    local imported, troubles = arrivals.import_all(true)
    if troubles[1] then
      view.message = troubles[1]
    elseif imported > 0 then
      view.message = "The stems are in."
    end
  end

  local function status()
    local bridge = settings.bridge()
    if bridge.is_paused then
      return "Stembridge is paused: bounces wait until it goes on."
    end
    if line.is_open() then
      return "Connected to Stembridge " .. line.version() .. "."
    end
    if bridge.has_stopped then
      return "Stembridge is not running: bounces wait in the inbox until it is started."
    end
    return "No line to Stembridge: bounces go through the inbox, and the stems come when they are done."
  end

  local function draw()
    local proj, path = project.current()
    line.tick()
    bounces.tick(proj)
    import_what_came()
    local found, why = wanted(proj, path)
    draw_choices(found, why)
    canvas.space()
    if canvas.button("Bounce and separate", found ~= nil) and found then
      view.message = bounces.start(proj, found, view.song, settings.get("preset")) or ""
    end
    canvas.space()
    draw_rows(proj)
    canvas.text(status())
    canvas.text(view.message, true)
  end

  local function loop()
    if not canvas.begin() then
      gfx.quit()
      return
    end
    draw()
    gfx.update()
    reaper.defer(loop)
  end

  -- Opens it; `folder` is where the actions lie, with a separator at its end.
  function window.open(folder)
    view.auto_import = folder .. "Stembridge_Auto-import.lua"
    view.import = folder .. "Stembridge_Import finished stems.lua"
    line.open(folder .. "Stembridge_Line.eel")
    canvas.open("Stembridge", 520, 380)
    loop()
  end

  return window
end
