-- One line in REAPER's Scripts/__startup.lua, which REAPER runs when it starts. Everything else in there stays as it is.

return function(part)
  local files = part("files")
  local startup = {}
  local MARK = "-- Stembridge: auto-import (added by its menu)"
  local BOM = "\xEF\xBB\xBF"
  local OURS = "do local id = reaper"
  local path = files.join(files.join(reaper.GetResourcePath(), "Scripts"), "__startup.lua")

  local function without_ours(text)
    local kept = {}
    for line in text:gmatch("[^\n]*\n?") do
      -- Before it in the line there can be a byte order mark.
      kept[#kept + 1] = line:find(MARK, 1, true) and line:match("^(.-)" .. OURS) or line
    end
    return table.concat(kept)
  end

  -- The first thing in the file: after the last one there may be no other, since a `return` ends a Lua file. A byte
  -- order mark and a first line with "#" have to stay in front.
  local function with_ours(text, command)
    local head = text:match("^" .. BOM) or ""
    head = head .. (text:sub(#head + 1):match("^#[^\n]*\n?") or "")
    local break_line = head:find("#", 1, true) and not head:find("\n$") and "\n" or ""
    local ours = ('%s.NamedCommandLookup("%s") if id ~= 0 then reaper.Main_OnCommand(id, 0) end end %s\n')
      :format(OURS, command, MARK)
    return head .. break_line .. ours .. text:sub(#head + 1)
  end

  -- In place, so that links and rights stay; what was there comes back if it cannot be written whole.
  local function write(new, old)
    if files.write(path, new) and files.read(path) == new then
      return true
    end
    files.write(path, old)
    return false
  end

  function startup.is_added()
    return (files.read(path) or ""):find(MARK, 1, true) ~= nil
  end

  -- Lets the action with this name ("_RS...") start with REAPER. Returns whether it could be written.
  function startup.add(command)
    local old = files.read(path) or ""
    return write(with_ours(without_ours(old), command), old)
  end

  function startup.remove()
    local old = files.read(path)
    if not old or not old:find(MARK, 1, true) then
      return true
    end
    local new = without_ours(old)
    return new == "" and os.remove(path) ~= nil or write(new, old)
  end

  return startup
end
