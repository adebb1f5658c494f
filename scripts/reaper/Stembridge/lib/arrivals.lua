-- Finds what was delivered for the bounces that the project in front waits for, and imports it under the claim.

return function(part)
  local files = part("files")
  local settings = part("settings")
  local deliveries = part("deliveries")
  local project = part("project")
  local claim = part("claim")
  local importing = part("importing")
  local news = part("news")
  local arrivals = {}
  local CLOCK_SLACK_S = 3
  local RECORDING = 4
  local EVERYWHERE = 15
  local looks = 0

  -- A job's id is certain; without one, the newest stems of a bounce of this name that came after we rendered it.
  local function answers(delivery, request)
    if request.job ~= "" then
      return delivery.job == request.job
    end
    return delivery.bounce == request.file
      and deliveries.seconds(delivery.created) >= request.asked - CLOCK_SLACK_S
  end

  local function candidates(request)
    local told = news.of(request).folder
    local delivery = told ~= "" and deliveries.read(told)
    if delivery then
      return { delivery }
    end
    looks = looks + 1
    if looks % EVERYWHERE == 0 then
      -- The song's folder may be spelled otherwise, such as in another Unicode form.
      return deliveries.all(settings.get("output"))
    end
    return deliveries.of_song(files.join(settings.get("output"), request.song))
  end

  -- The delivery that answers a request, if it is there; nil and a sentence where a receipt is no good.
  function arrivals.find(request)
    local found, trouble = candidates(request)
    for _, delivery in ipairs(found) do
      if answers(delivery, request) then
        return delivery
      end
    end
    return nil, trouble
  end

  -- Imports one delivery. Returns "done", "again" (somebody else is at it: look again), or "failed" and a sentence.
  function arrivals.import(proj, path, delivery, request)
    if project.stamped(proj, delivery.job) then
      return "done"
    end
    local taken = claim.take(delivery.folder, path)
    if not taken then
      return "again"
    end
    local options = { stems = settings.get("stems"), skip_silent = settings.get("skip_silent") }
    local good, trouble = true, nil
    if not project.stamped(proj, delivery.job) then
      good, trouble = importing.import(proj, delivery, request, options)
    end
    claim.release(taken)
    if not good then
      return "failed", trouble
    end
    return "done"
  end

  -- Never while REAPER records. `by_itself`: nobody clicked, so that what was undone stays out. Returns how many bounces
  -- were imported, and a list of sentences about what went wrong.
  function arrivals.import_all(by_itself)
    local imported, troubles = 0, {}
    if reaper.GetPlayState() & RECORDING ~= 0 then
      return imported, troubles
    end
    local proj, path = project.current()
    for _, request in ipairs(project.requests(proj)) do
      local delivery, trouble = arrivals.find(request)
      if delivery and not (by_itself and project.undone(proj, delivery.job)) then
        local outcome, why = arrivals.import(proj, path, delivery, request)
        trouble = why
        if outcome == "done" then
          project.finish_request(proj, request.id)
          imported = imported + 1
        end
      end
      troubles[#troubles + 1] = trouble
    end
    return imported, troubles
  end

  return arrivals
end
