-- @description Stembridge: Bounce and separate, import the stems
-- @version 1.0.0
-- @author Stembridge
-- @changelog First release.
-- @about
--   # Stembridge for REAPER
--   Bounces the time selection, the project or an item into Stembridge's inbox, and brings the stems back as named and
--   coloured tracks at the place of the bounce, in one undo step. Needs REAPER 6 or later and a running Stembridge.
-- @provides
--   [main] .
--   [main] Stembridge_Import finished stems.lua
--   [main] Stembridge_Import a delivery.lua
--   [main] Stembridge_Auto-import.lua
--   [main] Stembridge_Line.eel
--   [nomain] lib/*.lua

local folder = ({ reaper.get_action_context() })[2]:match("^(.*[/\\])")
local part = dofile(folder .. "lib/load.lua")(folder .. "lib/")

if reaper.APIExists("set_action_options") then
  reaper.set_action_options(1) -- run again while it is open: close it instead of asking what to do
end
part("window").open(folder)
