-- How long a WAV file is (RIFF, or RF64 as EBU Tech 3306 has it for files over 4 GiB).

local wav = {}

local PCM = { [1] = true, [3] = true, [0xFFFE] = true }
local UNKNOWN = 0xFFFFFFFF

-- Goes from chunk to chunk up to the sound. Returns its bytes, the sample rate and the bytes of a frame.
local function sound_of (file)
	local long, rate, frame
	while true do
		local name, size = ("<c4I4"):unpack (file:read (8))
		if name == "data" then
			return size == UNKNOWN and long or size, rate, frame
		end
		local content = file:seek ()
		if name == "ds64" then
			long = ("<i8"):unpack (file:read (16), 9)
		elseif name == "fmt " then
			local kind
			kind, rate, frame = ("<I2xxI4xxxxI2"):unpack (file:read (14))
			assert (PCM[kind])
		end
		file:seek ("set", content + size + size % 2)
	end
end

-- Returns the frames of a file and its sample rate; 0 and 0 where it is no WAV file, or a compressed one.
function wav.length (path)
	local file = io.open (path, "rb")
	if not file then
		return 0, 0
	end
	local ok, frames, rate = pcall (function ()
		local form, kind = ("<c4xxxxc4"):unpack (file:read (12))
		assert ((form == "RIFF" or form == "RF64" or form == "BW64") and kind == "WAVE")
		local bytes, its_rate, frame = sound_of (file)
		return bytes // frame, its_rate
	end)
	file:close ()
	if ok then
		return frames, rate
	end
	return 0, 0
end

return wav
