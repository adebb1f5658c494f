-- Renders into the inbox with our settings, and puts the musician's own render settings back whatever happens.

return function(part)
  local files = part("files")
  local render = {}

  local NAME = "bounce"
  local RENDER_NOW = 42230 -- File: Render project, using the most recent render settings, auto-close render dialog
  local WAV_24_BWF = "ZXZhdxgAAQ==" -- "evaw", 24 bits, bext chunk on, RF64 beyond 4 GiB
  local MASTER_MIX, SELECTED_ITEMS, EMBED_METADATA = 0, 32, 512
  local CUSTOM_BOUNDS, ITEM_BOUNDS = 0, 4
  local SHORTER_S = 0.5

  local BOUNDS = "RENDER_BOUNDSFLAG"
  local NUMBERS = {
    "RENDER_SETTINGS", "RENDER_STARTPOS", "RENDER_ENDPOS", "RENDER_CHANNELS", "RENDER_SRATE", "RENDER_TAILFLAG",
    "RENDER_ADDTOPROJ", "RENDER_NORMALIZE",
  }
  local TEXTS = { "RENDER_FILE", "RENDER_PATTERN", "RENDER_FORMAT", "RENDER_FORMAT2" }

  local function ours(range, folder, name)
    local item = range.kind == "item"
    return {
      RENDER_SETTINGS = (item and SELECTED_ITEMS or MASTER_MIX) | EMBED_METADATA,
      RENDER_BOUNDSFLAG = item and ITEM_BOUNDS or CUSTOM_BOUNDS,
      RENDER_STARTPOS = range.start,
      RENDER_ENDPOS = range.stop,
      RENDER_CHANNELS = 2,
      RENDER_SRATE = 0, -- the project's
      RENDER_TAILFLAG = 0,
      RENDER_ADDTOPROJ = 0,
      RENDER_NORMALIZE = 0, -- which is also: no limiter, no fades
    }, {
      RENDER_FILE = folder,
      RENDER_PATTERN = name,
      RENDER_FORMAT = WAV_24_BWF,
      RENDER_FORMAT2 = "",
    }
  end

  -- The positions can be read and written while the bounds are custom only, so these are changed first and last.
  local function set_bounds(proj, bounds)
    reaper.GetSetProjectInfo(proj, BOUNDS, bounds, true)
  end

  local function save(proj)
    local numbers, texts = { [BOUNDS] = reaper.GetSetProjectInfo(proj, BOUNDS, 0, false) }, {}
    set_bounds(proj, CUSTOM_BOUNDS)
    for _, name in ipairs(NUMBERS) do
      numbers[name] = reaper.GetSetProjectInfo(proj, name, 0, false)
    end
    for _, name in ipairs(TEXTS) do
      local _, text = reaper.GetSetProjectInfo_String(proj, name, "", false)
      texts[name] = text
    end
    return numbers, texts
  end

  local function apply(proj, numbers, texts)
    set_bounds(proj, CUSTOM_BOUNDS)
    for _, name in ipairs(NUMBERS) do
      reaper.GetSetProjectInfo(proj, name, numbers[name], true)
    end
    for _, name in ipairs(TEXTS) do
      reaper.GetSetProjectInfo_String(proj, name, texts[name], true)
    end
    set_bounds(proj, numbers[BOUNDS])
  end

  local function length_of(path)
    local source = reaper.PCM_Source_CreateFromFile(path)
    if not source then
      return 0
    end
    local length = reaper.GetMediaSourceLength(source)
    reaper.PCM_Source_Destroy(source)
    return length
  end

  local function render_now(proj, range, folder)
    apply(proj, ours(range, folder, NAME))
    local _, target = reaper.GetSetProjectInfo_String(proj, "RENDER_TARGETS", "", false)
    if not target:find(files.name_of(folder), 1, true) then
      error("it would write to " .. target, 0)
    end
    reaper.Main_OnCommand(RENDER_NOW, 0)
    return target
  end

  local function rendered(proj, range, folder, inbox)
    local numbers, texts = save(proj)
    local good, target = pcall(render_now, proj, range, folder)
    apply(proj, numbers, texts)
    if not good then
      return nil, "REAPER could not render: " .. tostring(target)
    end
    if not files.is_file(target) then
      return nil, "Nothing was rendered. Was the render cancelled, or is the inbox " .. inbox .. " read-only?"
    end
    if length_of(target) < range.stop - range.start - SHORTER_S then
      return nil, "The render was stopped before its end, so nothing is separated."
    end
    return target
  end

  -- Renders `range` {kind = "mix" or "item", start, stop} of the project in front and gives the file's path to `use`. Until
  -- then it lies in a folder whose name begins with a dot, which the bridge never enters. Returns what `use` returns; or
  -- nil and a sentence. Nothing that was rendered stays there.
  function render.aside(proj, range, inbox, use)
    local folder = files.join(inbox, ".stembridge-" .. files.nonce())
    files.make_folder(folder)
    local target, why = rendered(proj, range, folder, inbox)
    local result
    if target then
      result, why = use(target)
    end
    files.remove_folder(folder, { NAME .. ".wav" })
    return result, why
  end

  return render
end
