-- What is kept in the REAPER project itself: the stamps of imported jobs, and the bounces it still waits for.

return function(part)
  local json = part("json")
  local project = {}
  local SECTION = "Stembridge"

  -- The project in front, and its .rpp ("" where it was never saved).
  function project.current()
    local proj, path = reaper.EnumProjects(-1)
    return proj, path or ""
  end

  function project.stamped(proj, job)
    local _, value = reaper.GetProjExtState(proj, SECTION, "imported " .. job)
    return value ~= ""
  end

  function project.stamp(proj, job, folder)
    reaper.MarkProjectDirty(proj)
    reaper.SetProjExtState(proj, SECTION, "imported " .. job, folder)
    reaper.SetExtState(SECTION .. " session", tostring(proj) .. job, "imported", false)
  end

  -- Whether an import was undone since REAPER started: the stamp may be gone with it, but not the musician's will.
  function project.undone(proj, job)
    return not project.stamped(proj, job)
      and reaper.GetExtState(SECTION .. " session", tostring(proj) .. job) ~= ""
  end

  -- Bounces on their way, oldest first: {id, path, file, song, preset, job, asked, mute,
  -- originals, start, offset}; job is "" until the bridge has named it.
  function project.requests(proj)
    local _, text = reaper.GetProjExtState(proj, SECTION, "requests")
    local rows = json.decode(text)
    return json.is_array(rows) and rows or json.array()
  end

  function project.set_requests(proj, requests)
    reaper.SetProjExtState(proj, SECTION, "requests", #requests > 0 and json.encode(requests) or "")
    reaper.MarkProjectDirty(proj)
  end

  function project.add_request(proj, request)
    local requests = project.requests(proj)
    requests[#requests + 1] = request
    project.set_requests(proj, requests)
  end

  -- Changes one request, or removes it where `change` is nil.
  function project.change_request(proj, id, change)
    local kept = json.array()
    for _, request in ipairs(project.requests(proj)) do
      if request.id ~= id then
        kept[#kept + 1] = request
      elseif change then
        for name, value in pairs(change) do
          request[name] = value
        end
        kept[#kept + 1] = request
      end
    end
    project.set_requests(proj, kept)
  end

  return project
end
