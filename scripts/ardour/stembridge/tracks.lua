-- Brings a delivery into the running session: one named and coloured track per stem, stamped with the job.

local use = ...
local claim = use ("claim")
local delivery = use ("delivery")

local STAMP = "Stembridge job "

local tracks = {}

-- Says whether this job's stems are in the session: a track's comment names it, and is saved with the session.
function tracks.has (job)
	for track in Session:get_tracks ():iter () do
		for line in track:comment ():gmatch ("[^\n]+") do
			if line == STAMP .. job then
				return true
			end
		end
	end
	return false
end

local function regions_by_id ()
	local found = {}
	for id, region in ARDOUR.RegionFactory.regions ():iter () do
		found[id:to_s ()] = region
	end
	return found
end

-- Copies a file into the session and returns its region, which is on no track yet; nil where that did not work.
local function bring (path)
	local before = regions_by_id ()
	local paths = C.StringVector ()
	paths:push_back (path)
	Editor:do_import (
		paths, Editing.ImportDistinctFiles, Editing.ImportAsRegion, ARDOUR.SrcQuality.SrcBest,
		ARDOUR.MidiTrackNameSource.SMFTrackName, ARDOUR.MidiTempoMapDisposition.SMFTempoIgnore,
		Temporal.timepos_t (0), ARDOUR.PluginInfo (), ARDOUR.Track (), false
	)
	for id, region in pairs (regions_by_id ()) do
		if not before[id] and region:whole_file () then
			return region
		end
	end
	return nil
end

local function bring_all (stems, taken)
	local regions = {}
	for number, stem in ipairs (stems) do
		regions[number] = bring (stem.path)
		if not regions[number] then
			error ("The import of " .. stem.path .. " was cancelled, or the file cannot be read.", 0)
		end
		claim.refresh (taken)
	end
	return regions
end

-- Returns new audio tracks, as a list. All at once: each call redraws Ardour's windows.
local function make_tracks (count, channels)
	local outputs = Session:master_out ():isnil () and channels or Session:master_out ():n_inputs ():n_audio ()
	-- Ardour 9 wants an empty group; 7 and 8 know no such thing and want nil.
	local ok, no_group = pcall (function () return ARDOUR.RouteGroup () end)
	local made = Session:new_audio_track (
		channels, outputs, ok and no_group or nil, count, "Stem", ARDOUR.PresentationInfo.max_order,
		ARDOUR.TrackMode.Normal, true, false
	)
	local list = {}
	for track in made:iter () do
		list[#list + 1] = track
	end
	return list
end

local function dress (track, found, stem)
	track:set_name (delivery.track_name (found.song, stem.name))
	track:presentation_info_ptr ():set_color (delivery.colour (stem.name) << 8 | 0xFF)
end

local function stamp (track, found)
	track:set_comment (STAMP .. found.job, nil)
end

local function put (region, track, position)
	-- Ardour fades the ends of every new region: with that, the stems would not add up to the mix there.
	region:to_audioregion ():set_fade_in_active (false)
	region:to_audioregion ():set_fade_out_active (false)
	local playlist = track:playlist ()
	playlist:to_stateful ():clear_changes ()
	playlist:add_region (region, Temporal.timepos_t (position), 1, false)
	Session:add_stateful_diff_command (playlist:to_statefuldestructible ())
end

-- Returns where a delivery begins, in samples of the session: its bounce's own origin (EBU Tech 3285), else `start`.
function tracks.position (found, start)
	if found.time_reference == 0 then
		return start
	end
	return math.floor (found.time_reference * Session:nominal_sample_rate () / found.rate + 0.5)
end

-- Ardour can import one thing at a time, and its windows live on meanwhile: another import would go wrong with ours.
local function ardour_imports ()
	local threads = io.popen ("cat /proc/$PPID/task/*/comm 2>/dev/null")
	local names = threads and threads:read ("a") or ""
	if threads then
		threads:close ()
	end
	return ("\n" .. names):find ("\nimport\n", 1, true) ~= nil
end

-- Puts all regions on their tracks in one step. The stamp comes last: a job with a stamp is never imported again.
local function fill (made, regions, found, position)
	Session:begin_reversible_command ("Import stems of " .. found.song)
	for number, stem in ipairs (found.stems) do
		put (regions[number], made[number], position)
		dress (made[number], found, stem)
	end
	for _, track in ipairs (made) do
		stamp (track, found)
	end
	Session:commit_reversible_command (nil)
end

-- Takes back what `fill` did before it failed. Without this the musician's next step would be part of ours.
local function empty (made)
	Session:abort_reversible_command ()
	for _, track in ipairs (made) do
		track:set_comment ("", nil)
		track:set_name ("Empty")
		local playlist, on_it = track:playlist (), {}
		for region in playlist:region_list ():iter () do
			on_it[#on_it + 1] = region
		end
		for _, region in ipairs (on_it) do
			playlist:remove_region (region)
		end
		playlist:to_stateful ():clear_changes ()
	end
end

-- Ardour lets no script remove a track without asking: the musician has to do it.
local function left_over (made)
	local names = {}
	for number, track in ipairs (made) do
		names[number] = track:name ()
	end
	return #names > 0 and (" Please delete the empty tracks %s."):format (table.concat (names, ", ")) or ""
end

local function import (found, start, taken)
	if tracks.has (found.job) then
		return
	end
	local regions = bring_all (found.stems, taken)
	-- From here on no event is handled before the end, so that nothing is saved that is only half there.
	local made = make_tracks (#regions, found.stems[1].channels)
	if #made < #regions then
		error ("Ardour cannot make so many tracks." .. left_over (made), 0)
	end
	local ok, problem = pcall (fill, made, regions, found, tracks.position (found, start))
	if not ok then
		empty (made)
		error (tostring (problem) .. "." .. left_over (made), 0)
	end
	Session:set_dirty ()
end

-- Imports a delivery at its own position, else at sample `start`. Returns "imported", "there", "busy", or nil and a
-- sentence: then Ardour may have kept copies of some files, on no track, and the empty tracks that the sentence names.
function tracks.import (found, start)
	if tracks.has (found.job) then
		return "there"
	end
	local taken = not ardour_imports () and claim.take (found.folder, "Ardour", Session:path ())
	if not taken then
		return "busy"
	end
	local ok, problem = pcall (import, found, start, taken)
	claim.release (taken)
	if not ok then
		return nil, ("The stems of %s were not imported. %s"):format (found.song, tostring (problem))
	end
	return "imported"
end

return tracks
