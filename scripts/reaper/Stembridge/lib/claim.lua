-- The lock of a delivery (docs/importers.md, section 3): two importers never take one delivery at the same moment.
-- It never waits: nil from take() means "look again on the next timer, at the stamp first".

return function(part)
  local files = part("files")
  local claim = {}
  local STALE_S = 120

  local function path(folder, suffix)
    return files.join(folder, ".importing" .. suffix)
  end

  local function by(lock)
    return files.read(files.join(lock, "by"))
  end

  -- Nil where the lock says nothing that can be understood.
  local function age_s(text)
    local since = text and tonumber((text:match("^[^\n]*\n[^\n]*\n([%d.]+)")))
    return since and math.abs(os.time() - since)
  end

  local function remove(lock)
    os.remove(files.join(lock, "by"))
    files.remove_folder(lock)
  end

  -- In one step, as others see it: renamed away first, deleted then. Only one can.
  local function remove_at_once(folder, suffix)
    local away = path(folder, "-stale-" .. files.nonce())
    if os.rename(path(folder, suffix), away) then
      remove(away)
    end
  end

  local function make(folder, suffix, project, nonce)
    local lock = path(folder, suffix .. "-" .. nonce)
    local lines = { "REAPER", (project:gsub("%s+", " ")), tostring(os.time()), nonce, "" }
    files.make_folder(lock)
    if not files.write(files.join(lock, "by"), table.concat(lines, "\n")) then
      remove(lock)
      return nil
    end
    return lock
  end

  local function put(lock, place)
    if os.rename(lock, place) then
      return true
    end
    remove(lock)
    return false
  end

  -- Clears a crashed importer's lock away, judged again where only one can be.
  local function take_over(folder, project)
    local mine = make(folder, "-takeover", project, files.nonce())
    if not mine then
      return
    end
    local place = path(folder, "-takeover")
    if not put(mine, place) then
      local age = age_s(by(place))
      if not age or age > STALE_S then
        remove_at_once(folder, "-takeover")
      end
      return
    end
    local age = age_s(by(path(folder, "")))
    if age and age > STALE_S then
      remove_at_once(folder, "")
    end
    remove(place)
  end

  -- Returns a claim to give back with release(), or nil while another importer has it. On a folder that can only be
  -- read there is no lock, and the claim says so.
  function claim.take(folder, project)
    local there = by(path(folder, ""))
    local age = age_s(there)
    if age and age > STALE_S then
      take_over(folder, project)
    elseif there then
      return nil
    end
    local nonce = files.nonce()
    local mine = make(folder, "", project, nonce)
    if not mine then
      return { folder = folder, locked = false }
    end
    if put(mine, path(folder, "")) then
      return { folder = folder, locked = true, nonce = nonce }
    end
    return nil
  end

  function claim.release(taken)
    local text = taken.locked and by(path(taken.folder, ""))
    if text and text:find(taken.nonce, 1, true) then
      remove_at_once(taken.folder, "")
    end
    taken.locked = false
  end

  return claim
end
