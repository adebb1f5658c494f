-- A delivery: its receipt, checked, and how its tracks are called and painted (docs/importers.md).

local use = ...
local files = use ("files")
local json = use ("json")

local SCHEMA = 1
local COLOURS = {
	vocals = 0xE4572E,
	drums = 0xF3A712,
	bass = 0x3D5A80,
	guitar = 0x76B041,
	piano = 0x8E6C8A,
	strings = 0x2A9D8F,
	wind = 0x00B4D8,
	other = 0x9AA0A6,
}

local delivery = {}

local function text (value)
	assert (type (value) == "string" and value ~= "", "a text is missing")
	return value
end

local function whole (value)
	assert (math.type (value) == "integer" and value >= 0, "a number is missing")
	return value
end

local function stem (folder, row)
	local file = text (row.file)
	assert (file ~= "." and file ~= ".." and not file:find ("[/\\:\0]"), "a stem is not beside it")
	return { name = text (row.name), path = folder .. "/" .. file, channels = whole (row.channels) }
end

local function checked (folder, row)
	assert (type (row) == "table" and row.schema == SCHEMA, "this importer reads schema 1")
	assert (type (row.source) == "table" and type (row.stems) == "table" and #row.stems > 0, "it has no stems")
	local found = {
		folder = folder,
		job = text (row.job),
		song = text (row.song),
		take = whole (row.take),
		created = text (row.created),
		bounce = text (row.source.file),
		frames = row.source.frames,
		sha256 = row.source.sha256,
		rate = whole (row.source.sample_rate),
		time_reference = whole (row.source.time_reference),
		stems = {},
	}
	assert (found.rate > 0, "its sample rate is 0")
	for number, one in ipairs (row.stems) do
		found.stems[number] = stem (folder, one)
	end
	return found
end

-- Reads the delivery in a folder. Returns nil and a sentence where it is not whole or must not be followed.
function delivery.read (folder)
	local receipt = files.read (folder .. "/stems.json")
	if not receipt then
		return nil, "There is no finished delivery in " .. folder .. "."
	end
	local ok, found = pcall (function () return checked (folder, json.decode (receipt)) end)
	if not ok then
		return nil, ("The receipt in %s cannot be followed (%s)."):format (folder, (tostring (found):gsub ("^.-:%d+: ", "")))
	end
	for _, one in ipairs (found.stems) do
		if not files.is_file (one.path) then
			return nil, "The stem " .. one.path .. " is not there."
		end
	end
	return found
end

-- Returns a stem's colour as 0xRRGGBB; "no_bass" has that of "bass", half way to white.
function delivery.colour (name)
	local left_out = name:match ("^no_(.*)")
	if not left_out then
		return COLOURS[name] or COLOURS.other
	end
	local plain = COLOURS[left_out] or COLOURS.other
	local function lighter (shift)
		return ((plain >> shift & 0xFF) + 255) // 2 << shift
	end
	return lighter (16) | lighter (8) | lighter (0)
end

function delivery.track_name (song, name)
	return song .. " - " .. name
end

return delivery
