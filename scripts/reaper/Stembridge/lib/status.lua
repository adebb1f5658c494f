-- What the bridge says of itself in its file status.json, whether it runs or not: its folders, where it listens, its jobs,
-- and what it refused. It is read when somebody asks, and at most once a second.

return function(part)
  local files = part("files")
  local json = part("json")
  local places = part("places")
  local status = {}
  local FILE, SCHEMA = "status.json", 1
  local LOOK_S = 1
  local LOOPBACK, PORT = "127.0.0.1", 9123
  local own = files.join(places.music(), "Stembridge")

  local function is_text(value)
    return type(value) == "string" and value ~= ""
  end

  local function is_number(value)
    return type(value) == "number"
  end

  local function is_absolute(path)
    return is_text(path) and (path:find("^[/\\]") or path:find("^%a:[/\\]")) ~= nil
  end

  -- Who listens everywhere, or by a name, is asked on this machine.
  local function reachable(host)
    return is_text(host) and host:find("^%d+%.%d+%.%d+%.%d+$") and host ~= "0.0.0.0" and host or LOOPBACK
  end

  local function texts(list)
    local kept = {}
    for _, text in ipairs(json.is_array(list) and list or {}) do
      kept[#kept + 1] = is_text(text) and text or nil
    end
    return kept
  end

  local function sentences(trouble)
    if type(trouble) ~= "table" or not is_text(trouble.message) then
      return ""
    end
    return trouble.message .. (is_text(trouble.advice) and " " .. trouble.advice or "")
  end

  local function jobs_of(rows)
    local jobs = {}
    for _, row in ipairs(json.is_array(rows) and rows or {}) do
      if type(row) == "table" and is_text(row.job) then
        jobs[#jobs + 1] = {
          id = row.job,
          bounce = is_text(row.bounce) and row.bounce or "",
          changed = is_number(row.changed) and row.changed or 0,
          state = is_text(row.state) and row.state or "",
          progress = is_number(row.progress) and row.progress or 0,
          step = is_text(row.step) and row.step or "",
          folder = is_text(row.folder) and row.folder or "",
          error = sentences(row.error),
        }
      end
    end
    return jobs
  end

  local function refused_of(rows)
    local refused = {}
    for _, row in ipairs(json.is_array(rows) and rows or {}) do
      if type(row) == "table" and is_text(row.path) and is_number(row.at) and sentences(row) ~= "" then
        refused[#refused + 1] = { path = row.path, at = row.at, error = sentences(row) }
      end
    end
    return refused
  end

  -- Without a file, or where it lacks something, the bridge's defaults.
  local function understood(row)
    local osc = type(row.osc) == "table" and row.osc or {}
    return {
      inbox = is_absolute(row.inbox) and row.inbox or files.join(own, "Inbox"),
      output = is_absolute(row.stems) and row.stems or files.join(own, "Stems"),
      host = reachable(osc.host),
      port = math.type(osc.port) == "integer" and osc.port or PORT,
      presets = texts(row.presets),
      has_stopped = row.running == false,
      is_paused = row.running == true and row.paused == true,
      jobs = jobs_of(row.jobs),
      refused = refused_of(row.refused),
    }
  end

  local known = {} -- by folder: {at, text, said}

  -- What the file in a folder says: {inbox, output, host, port, presets, has_stopped, is_paused, jobs, refused}, the same
  -- table until it changes. jobs, oldest first: {id, bounce, changed, state, progress, step, folder, error}; refused, oldest
  -- first: {path, at, error}. Texts are "" where there is none.
  function status.said(folder)
    local seen, now = known[folder] or { said = understood({}) }, reaper.time_precise()
    known[folder] = seen
    if seen.at and now - seen.at < LOOK_S then
      return seen.said
    end
    seen.at = now
    local text = files.read(files.join(folder, FILE))
    -- While it cannot be read, what it said last holds: it may be replaced at this moment.
    if text and text ~= seen.text then
      local row = json.decode(text)
      if type(row) == "table" and row.schema == SCHEMA then
        seen.text, seen.said = text, understood(row)
      end
    end
    return seen.said
  end

  return status
end
