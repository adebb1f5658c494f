-- A bounce on its way: rendered into the inbox, asked for over the line, and waited for.
-- The bridge watches the inbox, so that a bounce in it is separated even where there is no line; over the line it goes
-- at once, and can be cancelled.

return function(part)
  local files = part("files")
  local json = part("json")
  local settings = part("settings")
  local names = part("names")
  local render = part("render")
  local range = part("range")
  local project = part("project")
  local line = part("line")
  local news = part("news")
  local bounces = {}
  local RECORDING = 4
  local REMEMBERED = 50

  local asked, troubles = {}, {} -- by the request's id: the number of the separate; what the bridge refused

  local function is_ours(path)
    for _, known in ipairs(settings.get("rendered")) do
      if known[1] == path then
        return known[2] == files.mark(path)
      end
    end
    return false
  end

  local function remember(path)
    local rendered = json.array()
    for _, known in ipairs(settings.get("rendered")) do
      if known[1] ~= path then
        rendered[#rendered + 1] = known
      end
    end
    rendered[#rendered + 1] = json.array({ path, files.mark(path) })
    while #rendered > REMEMBERED do
      table.remove(rendered, 1)
    end
    settings.set("rendered", rendered)
  end

  -- The song's name and path in the inbox. A bounce that we rendered is replaced, which makes the next take; any other
  -- file is left alone.
  local function free_place(folder, song)
    local name, count = song, 1
    while true do
      local path = files.join(folder, name .. ".wav")
      if is_ours(path) or not files.is_file(path) then
        return path, name
      end
      count = count + 1
      name = song .. " " .. count
    end
  end

  -- Returns {path, song}; or nil and a sentence.
  local function put_into(folder, file, song)
    local path, name = free_place(folder, names.song(song))
    if not files.replace(file, path) then
      return nil, "The bounce could not be put into " .. folder .. ": is another program using " .. path .. "?"
    end
    remember(path)
    return { path = path, song = name }
  end

  local function supersede(proj, path)
    for _, request in ipairs(project.requests(proj)) do
      if request.path == path and request.job == "" then
        project.drop_request(proj, request.id)
      end
    end
  end

  local function wait_for(proj, path, song, preset, bounced)
    local id = files.nonce()
    supersede(proj, path)
    project.add_request(proj, {
      id = id, path = path, file = files.name_of(path), song = song, preset = preset, job = "",
      asked = os.time(), mute = settings.get("mute_originals"), originals = json.array(range.originals(proj, bounced)),
      start = bounced.start, offset = reaper.GetProjectTimeOffset(proj, false),
    })
    if line.is_open() then
      local number = preset == "" and line.send("/stembridge/separate", path)
        or preset ~= "" and line.send("/stembridge/separate", path, preset)
      asked[id] = number or nil
    end
  end

  -- Renders `bounced` (see range.lua) as `song` and has it separated. Returns nil, or a sentence about what went wrong.
  function bounces.start(proj, bounced, song, preset)
    if reaper.GetPlayState() & RECORDING ~= 0 then
      return "Stop recording before you bounce."
    end
    local inbox = settings.get("inbox")
    local folder = preset ~= "" and files.join(inbox, preset) or inbox
    files.make_folder(folder)
    local put, why = render.aside(proj, bounced, folder, function(file)
      return put_into(folder, file, song)
    end)
    if put then
      wait_for(proj, put.path, put.song, preset, bounced)
    end
    return why
  end

  -- To be called on every tick: takes in the bridge's answers.
  function bounces.tick(proj)
    for id, number in pairs(asked) do
      local reply = line.reply(number)
      if reply then
        asked[id] = nil
        troubles[id] = reply.error
        if reply.job then
          project.change_request(proj, id, { job = reply.job })
        end
      end
    end
  end

  local function row(request)
    local heard = news.of(request)
    local trouble = troubles[request.id] or heard.error
    local text = heard.step ~= "" and heard.step or heard.state
    if trouble ~= "" then
      text = trouble
    elseif text == "" then
      text = line.is_open() and "waiting for its turn" or "waiting for the stems"
    end
    return { id = request.id, song = request.song, text = text, progress = heard.progress, failed = trouble ~= "" }
  end

  -- What the window shows of the bounces that this project waits for.
  function bounces.rows(proj)
    local rows = {}
    for index, request in ipairs(project.requests(proj)) do
      rows[index] = row(request)
    end
    return rows
  end

  -- Cancels the job where it is known, and waits for it no longer.
  function bounces.cancel(proj, id)
    for _, request in ipairs(project.requests(proj)) do
      if request.id == id and request.job ~= "" and line.is_open() then
        line.send("/stembridge/cancel", request.job)
      end
    end
    asked[id], troubles[id] = nil, nil
    project.drop_request(proj, id)
  end

  return bounces
end
