-- Stembridge: Auto-import. A switch: while it is on, stems come into the project that asked for them as soon as they are
-- finished and that project is in front. Never while REAPER records. Run it again to switch it off; the menu of "Bounce
-- and separate" can let it start with REAPER.

local folder, section, command = (function()
  local _, path, section_id, command_id = reaper.get_action_context()
  return path:match("^(.*[/\\])"), section_id, command_id
end)()
local part = dofile(folder .. "lib/load.lua")(folder .. "lib/")
local arrivals, project, session = part("arrivals"), part("project"), part("session")
local LOOK_S, DEAD_S = 2, 5
local SECTION = "Stembridge auto-import"

local function show(is_on)
  reaper.SetToggleCommandState(section, command, is_on and 1 or 0)
  reaper.RefreshToolbar2(section, command)
end

local looked_at, told = 0, {}

-- Once each: it would come again every two seconds.
local function tell(trouble)
  if not told[trouble] then
    told[trouble] = true
    reaper.ShowConsoleMsg("Stembridge: " .. trouble .. "\n")
  end
end

local me = reaper.genGuid("")

local function is_mine()
  return reaper.GetExtState(SECTION, "running") == me
end

-- A script that ended by an error leaves its name behind, but is not heard of any more.
local function is_on()
  local heard = tonumber(reaper.GetExtState(SECTION, "heard")) or 0
  return reaper.GetExtState(SECTION, "running") ~= "" and reaper.time_precise() - heard < DEAD_S
end

local function loop()
  -- Whoever starts last is the only one: REAPER before 7.03 may let two run.
  if not is_mine() then
    return
  end
  reaper.SetExtState(SECTION, "heard", tostring(reaper.time_precise()), false)
  session.watch((project.current()))
  local now = reaper.time_precise()
  if now - looked_at >= LOOK_S then
    looked_at = now
    local _, troubles = arrivals.import_all(true)
    for _, trouble in ipairs(troubles) do
      tell(trouble)
    end
  end
  reaper.defer(loop)
end

local function stop()
  if is_mine() then
    reaper.DeleteExtState(SECTION, "running", false)
    show(false)
  end
end

if reaper.APIExists("set_action_options") then
  reaper.set_action_options(1) -- run again: switch it off instead of asking what to do
end
if is_on() then
  reaper.DeleteExtState(SECTION, "running", false) -- the other one ends at its next tick
  show(false)
else
  reaper.SetExtState(SECTION, "running", me, false)
  show(true)
  reaper.atexit(stop)
  loop()
end
