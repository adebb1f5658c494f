-- Stembridge: Import a delivery. Lists the newest deliveries of all songs and imports the chosen one into the project in
-- front, whoever asked for it: at its BWF origin, or at the project's start where it has none.

local folder = ({ reaper.get_action_context() })[2]:match("^(.*[/\\])")
local part = dofile(folder .. "lib/load.lua")(folder .. "lib/")
local arrivals, deliveries, menu = part("arrivals"), part("deliveries"), part("menu")
local project, settings = part("project"), part("settings")
local MOST = 30

local function import(proj, path, delivery)
  local outcome, why = arrivals.import(proj, path, delivery, nil)
  if outcome == "again" then
    why = "Another program is importing these stems just now. Try again in a moment."
  end
  if why then
    reaper.ShowMessageBox(why, "Stembridge", 0)
  end
end

local function entry(proj, path, delivery)
  local stamped = project.stamped(proj, delivery.job)
  return {
    text = ("%s, take %d, %s%s"):format(delivery.song, delivery.take, delivery.created:sub(1, 10),
      stamped and " (in this project)" or ""),
    grey = stamped,
    action = function() import(proj, path, delivery) end,
  }
end

local function choose()
  local proj, path = project.current()
  local items = {}
  for index, delivery in ipairs(deliveries.all(settings.get("output"))) do
    if index <= MOST then
      items[index] = entry(proj, path, delivery)
    end
  end
  if #items == 0 then
    items[1] = { text = "No deliveries in " .. settings.get("output"), grey = true }
  end
  -- A menu needs a window, if a small one.
  gfx.init("Stembridge", 0, 0, 0, reaper.GetMousePosition())
  menu.show(items)
  gfx.quit()
end

choose()
reaper.defer(function() end) -- no undo point of our own
