-- Loads the other files of this folder, each once: `local part = dofile(lib .. "load.lua")(lib)`, then `part("json")`.
-- Each file returns a function that gets `part` and returns its table. Runs in Lua 5.3 (REAPER 5, 6) and 5.4 (REAPER 7).

return function(lib)
  local loaded = {}
  local function part(name)
    if loaded[name] == nil then
      loaded[name] = dofile(lib .. name .. ".lua")(part)
    end
    return loaded[name]
  end
  return part
end
