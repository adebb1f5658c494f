-- Stembridge: Import finished stems. Brings in what has been delivered for the bounces of the project in front; what it
-- does not wait for, and what is in already, stays out. Safe to run at any time: the bridge may poke it.

local folder = ({ reaper.get_action_context() })[2]:match("^(.*[/\\])")
local part = dofile(folder .. "lib/load.lua")(folder .. "lib/")

local imported, troubles = part("arrivals").import_all(false)
local message = troubles[1]
  or imported > 0 and "Stembridge: the stems are in."
  or "Stembridge: nothing new for this project."
-- A tip at the mouse goes away by itself; a message box would stop the music for a poke.
local x, y = reaper.GetMousePosition()
reaper.TrackCtl_SetToolTip(message, x + 16, y + 16, true)
reaper.defer(function() end) -- no undo point of our own
