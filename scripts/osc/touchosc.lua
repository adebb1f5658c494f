-- Stembridge in TouchOSC: the script of the whole layout. It hears the bridge, fills the four rows of jobs,
-- and tells the bridge once a minute at which port this device hears.

local PORT = 9131 -- the same as the receive port in TouchOSC's connections
local ROWS = 4

local unpack = table.unpack or unpack
local jobs, nextRow, askedAt = {}, 1, nil

local function show(name, value)
  self.children[name].values[name:match('^progress') and 'x' or 'text'] = value
end

local function rowOf(job)
  for row = 1, ROWS do
    if jobs[row] == job then return row end
  end
  local row = nextRow
  nextRow = row % ROWS + 1
  jobs[row] = job
  show('progress' .. row, 0)
  return row
end

local heard = {}

heard['/stembridge/job/accepted'] = function(job, song)
  local row = rowOf(job)
  show('song' .. row, song)
  show('state' .. row, 'accepted')
end

heard['/stembridge/job/state'] = function(job, song, state)
  local row = rowOf(job)
  show('song' .. row, song)
  show('state' .. row, state)
  if state == 'delivered' then show('progress' .. row, 1) end
end

heard['/stembridge/job/progress'] = function(job, fraction, step)
  local row = rowOf(job)
  show('progress' .. row, fraction)
  if step ~= '' then show('state' .. row, step) end
end

heard['/stembridge/job/done'] = function(job, folder, count)
  show('state' .. rowOf(job), string.format('%d stems', count))
  show('message', folder)
end

heard['/stembridge/job/error'] = function(job, code, message)
  show('state' .. rowOf(job), code)
  show('message', message)
end

heard['/stembridge/error'] = function(_, _, message) show('message', message) end
heard['/stembridge/ok'] = function(_, text) show('message', text) end
heard['/stembridge/pong'] = function(version) show('message', 'The bridge is there, version ' .. version) end

function onReceiveOSC(message)
  local hear, values = heard[message[1]], {}
  if not hear then return false end
  for place, argument in ipairs(message[2]) do values[place] = argument.value end
  hear(unpack(values))
  return true
end

-- A cancel button says which row it stands in.
function onReceiveNotify(key, row)
  if key == 'cancel' and jobs[row] then sendOSC('/stembridge/cancel', jobs[row]) end
end

function update()
  local now = getMillis()
  if askedAt and now - askedAt < 60000 then return end
  askedAt = now
  sendOSC('/stembridge/subscribe', PORT, 150)
end
