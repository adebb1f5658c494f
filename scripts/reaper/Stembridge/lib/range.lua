-- What is bounced: the selected item, or the whole mix in the time selection, else from the project's start to its end.

return function(part)
  local names = part("names")
  local range = {}

  local function marked(proj, name)
    local index, more, is_region, position, _, text = 0, 1, nil, nil, nil, nil
    while more ~= 0 do
      more, is_region, position, _, text = reaper.EnumProjectMarkers3(proj, index)
      if more ~= 0 and not is_region and text == name then
        return position
      end
      index = index + 1
    end
  end

  local function track_guids(proj)
    local guids, depth = {}, 0
    for index = 0, reaper.CountTracks(proj) - 1 do
      local track = reaper.GetTrack(proj, index)
      -- What is muted at the top is silent below as well.
      if depth <= 0 and reaper.GetMediaTrackInfo_Value(track, "B_MUTE") == 0 then
        guids[#guids + 1] = reaper.GetTrackGUID(track)
      end
      depth = depth + reaper.GetMediaTrackInfo_Value(track, "I_FOLDERDEPTH")
    end
    return guids
  end

  local function project_name(path)
    local file = path:match("([^/\\]+)$") or "untitled"
    return (file:gsub("%.[Rr][Pp][Pp]$", ""))
  end

  local AUDIO = { wav = true, aif = true, aiff = true, flac = true, mp3 = true, ogg = true, m4a = true, opus = true }

  -- A take is often called like its file: the ending is no part of the song's name.
  local function take_name(take)
    local name = reaper.GetTakeName(take)
    local plain, ending = name:match("^(.+)%.(%w+)$")
    return ending and AUDIO[ending:lower()] and plain or name
  end

  -- Returns the mix: {kind, start, stop, label, song}; or nil and a sentence.
  function range.mix(proj, path)
    local start, stop = reaper.GetSet_LoopTimeRange2(proj, false, false, 0, 0, false)
    local label = "the mix, time selection"
    if stop <= start then
      start, stop = marked(proj, "=START") or 0, marked(proj, "=END") or reaper.GetProjectLength(proj)
      label = "the mix, whole project"
    end
    if stop <= start then
      return nil, "There is nothing to bounce: the project is empty, and there is no time selection."
    end
    return {
      kind = "mix",
      start = start,
      stop = stop,
      label = label,
      song = names.song(project_name(path)),
    }
  end

  -- The GUIDs of what is heard in a bounce: its item, or the tracks at the top that are not muted.
  function range.originals(proj, bounced)
    return bounced.item and { bounced.item } or track_guids(proj)
  end

  -- Returns the one selected item, in the same form and with `item`, its GUID; or nil and a sentence.
  function range.item(proj)
    if reaper.CountSelectedMediaItems(proj) ~= 1 then
      return nil, "Select exactly one item to bounce it."
    end
    local item = reaper.GetSelectedMediaItem(proj, 0)
    local take = reaper.GetActiveTake(item)
    if not take then
      return nil, "The selected item is empty: there is nothing to hear in it."
    end
    local start = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
    local _, guid = reaper.GetSetMediaItemInfo_String(item, "GUID", "", false)
    return {
      kind = "item",
      start = start,
      stop = start + reaper.GetMediaItemInfo_Value(item, "D_LENGTH"),
      label = "the selected item",
      song = names.song(take_name(take)),
      item = guid,
    }
  end

  return range
end
