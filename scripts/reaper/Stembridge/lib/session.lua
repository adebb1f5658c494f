-- What this run of REAPER knows of a project for as long as it is open. Other than what is kept in the project, no undo
-- takes it back. It is forgotten when the project is closed, opened again or saved under another name.

return function(part)
  local json = part("json")
  local session = {}
  local SECTION = "Stembridge session"

  local function read(key)
    local value = json.decode(reaper.GetExtState(SECTION, key))
    return type(value) == "table" and value or {}
  end

  local function write(key, value)
    reaper.SetExtState(SECTION, key, json.encode(value), false)
  end

  local function path_of(proj)
    local index, other, path = 0, reaper.EnumProjects(0)
    while other and tostring(other) ~= tostring(proj) do
      index = index + 1
      other, path = reaper.EnumProjects(index)
    end
    return path or ""
  end

  local function seen(proj)
    local redo = (reaper.Undo_CanRedo2(proj) or "") ~= ""
    return {
      path = path_of(proj),
      changes = reaper.GetProjectStateChangeCount(proj),
      redo = redo,
      history = redo or (reaper.Undo_CanUndo2(proj) or "") ~= "",
    }
  end

  -- REAPER may give the next project in a tab the pointer of the last one. Undoing leaves something to redo; with
  -- neither undo nor redo left, or with fewer changes and nothing undone, it is one that was just opened.
  local function is_another(known, now)
    return known.path ~= now.path
      or known.history and not now.history
      or now.changes < known.changes and not now.redo
  end

  -- The name of this project while it is open. To be called as often as can be: it is how opening again is noticed.
  function session.watch(proj)
    local key, now = tostring(proj), seen(proj)
    local known = read(key)
    now.id = (not known.id or is_another(known, now)) and reaper.genGuid("") or known.id
    write(key, now)
    return now.id
  end

  -- Returns what is known of the project under a name, a table.
  function session.get(proj, name)
    return read(session.watch(proj) .. name)
  end

  function session.set(proj, name, value)
    write(session.watch(proj) .. name, value)
  end

  return session
end
