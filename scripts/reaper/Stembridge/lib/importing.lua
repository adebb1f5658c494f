-- Brings one delivery into the project in front: a folder track named after the song, a track for each stem, one undo
-- step. It either does all of it or leaves the project as it was.

return function(part)
  local names = part("names")
  local project = part("project")
  local importing = {}
  local CUSTOM_COLOUR = 0x1000000
  local BUILD_MISSING_PEAKS = 40047
  local SAME_PLACE_S = 0.01

  -- The stems that the musician wants; all of them where the choice would leave none.
  local function chosen(delivery, options)
    local stems = {}
    for _, stem in ipairs(delivery.stems) do
      if options.stems[stem.name] ~= "left_out" and not (options.skip_silent and stem.silent) then
        stems[#stems + 1] = stem
      end
    end
    return #stems > 0 and stems or delivery.stems
  end

  local function destroy(sources)
    for _, source in ipairs(sources) do
      reaper.PCM_Source_Destroy(source.handle)
    end
  end

  -- Opens every file before anything in the project is touched.
  local function open_sources(stems)
    local sources = {}
    for index, stem in ipairs(stems) do
      local handle = reaper.PCM_Source_CreateFromFile(stem.path)
      local length, in_beats = 0, nil
      if handle then
        sources[index] = { handle = handle, stem = stem }
        length, in_beats = reaper.GetMediaSourceLength(handle)
      end
      if length <= 0 or in_beats then
        destroy(sources)
        return nil, ("REAPER cannot read %s, so nothing was imported."):format(stem.path)
      end
      sources[index].length = length
    end
    return sources
  end

  local function near(one, other)
    return math.abs(one - other) < SAME_PLACE_S
  end

  -- Where the stems begin, in seconds: the bounce's BWF origin. That counts from the ruler's zero, which the project may
  -- have moved, and not every file counts so; where this project asked for the bounce, its own range decides.
  function importing.position(proj, delivery, request)
    local origin = delivery.origin_s
    if request and (not origin or near(origin, request.start) or near(origin, request.start + request.offset)) then
      return request.start
    end
    local moved = (origin or 0) - reaper.GetProjectTimeOffset(proj, false)
    return origin and (moved >= 0 and moved or origin) or 0
  end

  -- A folder that is still open at the project's end would swallow the new tracks: say where it ends.
  local function close_open_folders(proj)
    local depth, last = 0, nil
    for index = 0, reaper.CountTracks(proj) - 1 do
      last = reaper.GetTrack(proj, index)
      depth = depth + reaper.GetMediaTrackInfo_Value(last, "I_FOLDERDEPTH")
    end
    if depth > 0 then
      reaper.SetMediaTrackInfo_Value(last, "I_FOLDERDEPTH",
        reaper.GetMediaTrackInfo_Value(last, "I_FOLDERDEPTH") - depth)
      return { track = last, depth = depth }
    end
  end

  local function add_track(proj, done, name, depth)
    local index = reaper.CountTracks(proj)
    -- Without defaults: whatever effects the musician's new tracks have, these are to sound as they are.
    reaper.InsertTrackAtIndex(index, false)
    local track = reaper.GetTrack(proj, index)
    done.tracks[#done.tracks + 1] = track
    reaper.GetSetMediaTrackInfo_String(track, "P_NAME", name, true)
    reaper.SetMediaTrackInfo_Value(track, "I_FOLDERDEPTH", depth)
    return track
  end

  local function add_item(track, source, position)
    local item = reaper.AddMediaItemToTrack(track)
    local take = reaper.AddTakeToMediaItem(item)
    if not reaper.SetMediaItemTake_Source(take, source.handle) then
      error("a take did not accept its source")
    end
    source.attached = true
    reaper.GetSetMediaItemTakeInfo_String(take, "P_NAME", source.stem.name, true)
    for name, value in pairs({
      D_POSITION = position, D_LENGTH = source.length, B_LOOPSRC = 0,
      -- Automatic fades would keep the stems from summing to the bounce.
      D_FADEINLEN = 0, D_FADEOUTLEN = 0, D_FADEINLEN_AUTO = -1, D_FADEOUTLEN_AUTO = -1,
    }) do
      reaper.SetMediaItemInfo_Value(item, name, value)
    end
  end

  local function mute(done, setter, getter, thing)
    if getter(thing, "B_MUTE") == 0 then
      done.muted[#done.muted + 1] = { setter = setter, thing = thing }
      setter(thing, "B_MUTE", 1)
    end
  end

  local function mute_originals(proj, done, request)
    local wanted = {}
    for _, guid in ipairs(request.originals) do
      wanted[guid] = true
    end
    for index = 0, reaper.CountTracks(proj) - 1 do
      local track = reaper.GetTrack(proj, index)
      if wanted[reaper.GetTrackGUID(track)] then
        mute(done, reaper.SetMediaTrackInfo_Value, reaper.GetMediaTrackInfo_Value, track)
      end
    end
    for index = 0, reaper.CountMediaItems(proj) - 1 do
      local item = reaper.GetMediaItem(proj, index)
      local _, guid = reaper.GetSetMediaItemInfo_String(item, "GUID", "", false)
      if wanted[guid] then
        mute(done, reaper.SetMediaItemInfo_Value, reaper.GetMediaItemInfo_Value, item)
      end
    end
  end

  local function build(proj, delivery, sources, request, options, done)
    if request and request.mute then
      mute_originals(proj, done, request)
    end
    done.closed = close_open_folders(proj)
    local song = delivery.take > 1 and ("%s (take %d)"):format(delivery.song, delivery.take) or delivery.song
    add_track(proj, done, song, 1)
    local position = importing.position(proj, delivery, request)
    for index, source in ipairs(sources) do
      local track = add_track(proj, done, source.stem.name, index == #sources and -1 or 0)
      reaper.SetTrackColor(track, reaper.ColorToNative(names.colour(source.stem.name)) | CUSTOM_COLOUR)
      if options.stems[source.stem.name] == "muted" then
        reaper.SetMediaTrackInfo_Value(track, "B_MUTE", 1)
      end
      add_item(track, source, position)
    end
    project.stamp(proj, delivery.job, delivery.folder)
  end

  local function take_back(done, sources)
    for index = #done.tracks, 1, -1 do
      reaper.DeleteTrack(done.tracks[index])
    end
    if done.closed then
      local depth = reaper.GetMediaTrackInfo_Value(done.closed.track, "I_FOLDERDEPTH")
      reaper.SetMediaTrackInfo_Value(done.closed.track, "I_FOLDERDEPTH", depth + done.closed.depth)
    end
    for _, muted in ipairs(done.muted) do
      muted.setter(muted.thing, "B_MUTE", 0)
    end
    for _, source in ipairs(sources) do
      if not source.attached then
        reaper.PCM_Source_Destroy(source.handle)
      end
    end
  end

  -- Imports into the project in front and stamps it. `request` is what this project asked for, or nil; options:
  -- {stems, skip_silent}. Returns true; or false and a sentence, and then nothing has changed.
  function importing.import(proj, delivery, request, options)
    local sources, refusal = open_sources(chosen(delivery, options))
    if not sources then
      return false, refusal
    end
    local done = { tracks = {}, muted = {} }
    reaper.PreventUIRefresh(1)
    reaper.Undo_BeginBlock2(proj)
    local good, trouble = pcall(build, proj, delivery, sources, request, options, done)
    if not good then
      local back, why_not = pcall(take_back, done, sources)
      trouble = back and trouble or ("%s; nor could it be taken back: %s"):format(trouble, why_not)
    end
    -- Flags of 0: what was taken back is no step that could be undone.
    reaper.Undo_EndBlock2(proj, "Stembridge: import the stems of " .. delivery.song, good and -1 or 0)
    reaper.PreventUIRefresh(-1)
    reaper.TrackList_AdjustWindows(false)
    reaper.UpdateArrange()
    if not good then
      return false, ("The stems of %s could not be imported: %s."):format(delivery.song, tostring(trouble))
    end
    reaper.Main_OnCommand(BUILD_MISSING_PEAKS, 0)
    return true
  end

  return importing
end
