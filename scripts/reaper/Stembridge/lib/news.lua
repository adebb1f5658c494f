-- What is known of a bounce on its way. The status file knows it also without a line, and of jobs that REAPER has not
-- seen begin; the line knows it also of a bridge whose file is elsewhere.

return function(part)
  local settings = part("settings")
  local line = part("line")
  local news = {}
  local CLOCK_SLACK_S = 3
  local NONE = { state = "", progress = 0, step = "", folder = "", error = "" }

  -- A job's id is certain; without one, the newest job of this path that has changed since we asked.
  local function is_of(job, request)
    if request.job ~= "" then
      return job.id == request.job
    end
    return job.bounce == request.path and job.changed >= request.asked - CLOCK_SLACK_S
  end

  local function in_file(request)
    local said = settings.bridge()
    for index = #said.jobs, 1, -1 do
      if is_of(said.jobs[index], request) then
        return said.jobs[index]
      end
    end
    for index = #said.refused, 1, -1 do
      local refused = said.refused[index]
      if request.job == "" and refused.path == request.path and refused.at >= request.asked - CLOCK_SLACK_S then
        return { state = "", progress = 0, step = "", folder = "", error = refused.error }
      end
    end
    return nil
  end

  -- {state, progress (0 to 1), step, folder, error}; texts are "" until they are told.
  function news.of(request)
    local heard = request.job ~= "" and line.job(request.job) or NONE
    local filed = in_file(request)
    -- As long as a job is under way the line is quicker; a break may have kept its ending from it.
    local is_quicker = line.is_open() and heard.state ~= "" and heard.error == ""
    if not filed or is_quicker and filed.error == "" and filed.folder == "" then
      return heard
    end
    return filed
  end

  return news
end
