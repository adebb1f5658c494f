-- What is kept in the REAPER project itself: the stamps of imported jobs, and the bounces it still waits for.

return function(part)
  local json = part("json")
  local session = part("session")
  local project = {}
  local SECTION = "Stembridge"

  -- The project in front, and its .rpp ("" where it was never saved).
  function project.current()
    local proj, path = reaper.EnumProjects(-1)
    return proj, path or ""
  end

  function project.stamped(proj, job)
    local _, value = reaper.GetProjExtState(proj, SECTION, "imported_" .. job)
    return value ~= ""
  end

  function project.stamp(proj, job, folder)
    reaper.MarkProjectDirty(proj)
    reaper.SetProjExtState(proj, SECTION, "imported_" .. job, folder)
    local imported = session.get(proj, "imported")
    imported[job] = true
    session.set(proj, "imported", imported)
  end

  -- Whether an import was undone since the project was opened: the stamp may be gone with it, but not the musician's
  -- will.
  function project.undone(proj, job)
    return not project.stamped(proj, job) and session.get(proj, "imported")[job] == true
  end

  local function saved(proj)
    local _, text = reaper.GetProjExtState(proj, SECTION, "requests")
    local rows = json.decode(text)
    return json.is_array(rows) and rows or json.array(), text
  end

  local function save(proj, requests)
    reaper.SetProjExtState(proj, SECTION, "requests", #requests > 0 and json.encode(requests) or "")
    reaper.MarkProjectDirty(proj)
  end

  local function older(one, other)
    if one.asked ~= other.asked then
      return one.asked < other.asked
    end
    return one.id < other.id
  end

  -- The project's own requests as this session has changed them: by id the newest, or false where it was dropped.
  local function merged(requests, changed)
    local rows, listed = json.array(), {}
    for _, request in ipairs(requests) do
      local newest = changed[request.id]
      if newest == nil then
        newest = request
      end
      listed[request.id] = true
      rows[#rows + 1] = newest or nil
    end
    for id, request in pairs(changed) do
      rows[#rows + 1] = not listed[id] and request or nil
    end
    table.sort(rows, older)
    return rows
  end

  -- Bounces on their way, oldest first: {id, path, file, song, preset, job, asked, mute,
  -- originals, start, offset}; job is "" until the bridge has named it.
  -- A bounce is no step to undo. When the musician undoes another one, REAPER may put the list of that time back; what
  -- was lost by it is written again.
  function project.requests(proj)
    local requests, text = saved(proj)
    local changed = session.get(proj, "requests")
    if not next(changed) then
      return requests
    end
    local rows = merged(requests, changed)
    if (#rows > 0 and json.encode(rows) or "") ~= text then
      save(proj, rows)
    end
    return rows
  end

  -- `request`: as it is now; false: dropped for good; nil: done, and undoing the import brings it back.
  local function keep(proj, id, request)
    local changed = session.get(proj, "requests")
    changed[id] = request
    session.set(proj, "requests", changed)
  end

  function project.add_request(proj, request)
    local requests = project.requests(proj)
    requests[#requests + 1] = request
    keep(proj, request.id, request)
    save(proj, requests)
  end

  local function without(proj, id)
    local kept, taken = json.array(), nil
    for _, request in ipairs(project.requests(proj)) do
      if request.id == id then
        taken = request
      else
        kept[#kept + 1] = request
      end
    end
    return kept, taken
  end

  function project.change_request(proj, id, change)
    local requests, request = without(proj, id)
    if request then
      for name, value in pairs(change) do
        request[name] = value
      end
      requests[#requests + 1] = request
      keep(proj, id, request)
      save(proj, requests)
    end
  end

  -- Waits for it no longer, whatever is undone.
  function project.drop_request(proj, id)
    local requests = without(proj, id)
    keep(proj, id, false)
    save(proj, requests)
  end

  -- Its stems are in.
  function project.finish_request(proj, id)
    local requests = without(proj, id)
    keep(proj, id, nil)
    save(proj, requests)
  end

  return project
end
