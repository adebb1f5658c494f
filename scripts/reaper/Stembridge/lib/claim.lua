-- The lock of a delivery (docs/importers.md, section 3): two importers never take one delivery at the same moment.
-- It never waits: nil from take() means "look again on the next timer, at the stamp first".

return function(part)
  local files = part("files")
  local claim = {}
  local MEMORY = "Stembridge locks"
  local STALE_S = 120
  local INSIDE = { "by", "by.new" }

  local function path(folder, suffix)
    return files.join(folder, ".importing" .. suffix)
  end

  local function by(lock)
    return files.read(files.join(lock, "by"))
  end

  local function forget(lock)
    reaper.DeleteExtState(MEMORY, lock, false)
  end

  -- How long a lock has been there. One that does not say when it was taken counts from when REAPER saw it first.
  local function age_s(lock)
    local since = tonumber(((by(lock) or ""):match("^[^\n]*\n[^\n]*\n([%d.]+)")))
    if since then
      forget(lock)
      return math.abs(os.time() - since)
    end
    local now = reaper.time_precise()
    local seen = tonumber(reaper.GetExtState(MEMORY, lock))
    if not seen then
      reaper.SetExtState(MEMORY, lock, tostring(now), false)
    end
    return now - (seen or now)
  end

  -- In one step, as others see it: renamed away first, deleted then. Only one can.
  local function remove_at_once(lock, folder)
    local away = path(folder, "-stale-" .. files.nonce())
    if os.rename(lock, away) then
      files.remove_folder(away, INSIDE)
      forget(lock)
    end
  end

  -- Returns a folder of our own that can become the lock, with its nonce; nil where the disk lets us write nothing.
  local function make(lock, project)
    local nonce = files.nonce()
    local mine = lock .. "-" .. nonce
    local lines = { "REAPER", (project:gsub("%s+", " ")), tostring(os.time()), nonce, "" }
    files.make_folder(mine)
    if not files.write(files.join(mine, "by"), table.concat(lines, "\n")) then
      files.remove_folder(mine, INSIDE)
      return nil
    end
    return mine, nonce
  end

  -- With its file in it, so that nobody else can be renamed onto it.
  local function put(mine, lock)
    local good = os.rename(mine, lock) ~= nil
    if good then
      forget(lock)
    end
    return good
  end

  local function give_back(lock, folder, nonce)
    if (by(lock) or ""):find(nonce, 1, true) then
      remove_at_once(lock, folder)
    end
  end

  -- Clears a crashed importer's lock away, judged again where only one can be.
  local function take_over(folder, project)
    local lock, place = path(folder, ""), path(folder, "-takeover")
    local mine, nonce = make(place, project)
    if not mine then
      return
    end
    if put(mine, place) then
      if age_s(lock) > STALE_S then
        remove_at_once(lock, folder)
      end
      give_back(place, folder, nonce)
      return
    end
    files.remove_folder(mine, INSIDE)
    if age_s(place) > STALE_S then
      remove_at_once(place, folder)
    end
  end

  -- On Windows Lua may be unable to rename anything in a folder whose name the system's code page lacks.
  local function can_rename(folder)
    return os.rename(folder, folder .. "-") and os.rename(folder .. "-", folder)
  end

  -- Returns a claim to give back with release(), or nil while another importer has it. Where there can be no lock, as in
  -- a folder that can only be read, the claim says so: the stamp alone counts then.
  function claim.take(folder, project)
    local lock = path(folder, "")
    if by(lock) then
      if age_s(lock) <= STALE_S then
        return nil
      end
      take_over(folder, project)
    end
    local mine, nonce = make(lock, project)
    if not mine then
      return { folder = folder, locked = false }
    end
    if put(mine, lock) then
      return { folder = folder, locked = true, nonce = nonce }
    end
    local possible = can_rename(mine)
    files.remove_folder(mine, INSIDE)
    if not possible then
      return { folder = folder, locked = false }
    end
    if not by(lock) and age_s(lock) > STALE_S then
      take_over(folder, project)
    end
    return nil
  end

  function claim.release(taken)
    if taken.locked then
      give_back(path(taken.folder, ""), taken.folder, taken.nonce)
    end
    taken.locked = false
  end

  return claim
end
