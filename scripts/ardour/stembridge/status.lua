-- What the bridge says of itself in its status file (docs/importers.md has the fields): Ardour's scripts cannot hear OSC.

local use = ...
local files = use ("files")
local json = use ("json")

local SCHEMA = 1
local JOB = { bounce = "string", state = "string", step = "string", progress = "number", changed = "integer" }
local REFUSAL = { path = "string", code = "string", message = "string", advice = "string", at = "integer" }
local OVER = { delivered = true, failed = true, cancelled = true }
local PARKED = { needs_credit = true, needs_review = true }
-- Who asks again for a bounce just after its job has ended may be told of that job.
local JUST_NOW_S = 15

local status = {}
local last_text, last_found

-- Linux has it here or where the system's setting says, macOS there.
local function read_file ()
	local home, state = os.getenv ("HOME") or "", os.getenv ("XDG_STATE_HOME") or ""
	return files.read ((state ~= "" and state or home .. "/.local/state") .. "/stembridge/status.json")
		or files.read (home .. "/Library/Application Support/stembridge/status.json")
end

-- Returns what a refusal or an error says, and the way out.
local function reason (row)
	local fits = type (row) == "table" and type (row.message) == "string" and type (row.advice) == "string"
	return fits and row.message .. " " .. row.advice or nil
end

-- Returns the rows of a list that have what must be in them: a value of its type under each of these names.
local function rows (list, fields)
	local whole = {}
	for _, row in ipairs (type (list) == "table" and list or {}) do
		local fits = type (row) == "table"
		for name, kind in pairs (fits and fields or {}) do
			fits = fits and (type (row[name]) == kind or math.type (row[name]) == kind)
		end
		if fits then
			row.reason = reason (row.error or row)
			row.folder = type (row.folder) == "string" and row.folder or nil
			whole[#whole + 1] = row
		end
	end
	return whole
end

local function endpoint (osc)
	local fits = type (osc) == "table" and type (osc.host) == "string" and math.type (osc.port) == "integer"
	return fits and osc or nil
end

local function checked (row)
	assert (type (row) == "table" and row.schema == SCHEMA)
	return {
		running = row.running == true,
		pid = math.tointeger (row.pid) or 0,
		paused = row.paused == true,
		stems = type (row.stems) == "string" and row.stems ~= "" and row.stems or nil,
		osc = endpoint (row.osc),
		jobs = rows (row.jobs, JOB),
		refused = rows (row.refused, REFUSAL),
	}
end

-- Returns what the bridge said last; nil where there is no such file, or none that this script can read. A file that
-- says the same as before costs one reading.
function status.read ()
	local text = read_file ()
	if text ~= last_text then
		local ok, found = pcall (function () return checked (json.decode (text)) end)
		last_text, last_found = text, ok and found or nil
	end
	return last_found
end

-- Says whether it is there to be asked. A bridge that was killed cannot say so itself.
function status.runs (found)
	return found.running and files.process_runs (found.pid)
end

-- Returns the job of what a session waits for; nil where there is none yet.
function status.job_of (found, entry)
	for number = #found.jobs, 1, -1 do
		local row = found.jobs[number]
		if row.bounce == entry.path and (not OVER[row.state] or row.changed >= entry.since - JUST_NOW_S) then
			return row
		end
	end
	return nil
end

-- Says whether a job has come to an end, or to where a person has to decide.
function status.ended (job)
	return OVER[job.state] or PARKED[job.state] or false
end

-- Returns why the bridge has refused it; nil where it has not.
function status.refusal_of (found, entry)
	for number = #found.refused, 1, -1 do
		local row = found.refused[number]
		if row.path == entry.path and row.at >= entry.since then
			return row
		end
	end
	return nil
end

return status
