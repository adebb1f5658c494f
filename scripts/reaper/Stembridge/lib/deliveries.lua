-- Finished folders: read the receipt stems.json (docs/importers.md, section 1) and find the folders.

return function(part)
  local files = part("files")
  local json = part("json")
  local deliveries = {}
  local RECEIPT = "stems.json"

  local function is_text(value)
    return type(value) == "string" and value ~= ""
  end

  local function is_whole(value)
    return math.type(value) == "integer" and value >= 0
  end

  local function is_plain_name(name)
    return is_text(name) and name ~= "." and name ~= ".." and not name:find("[/\\:\0]")
  end

  local function stems_of(rows, folder)
    local stems = {}
    if not json.is_array(rows) or #rows == 0 then
      return nil, "names no stems"
    end
    for index, row in ipairs(rows) do
      if type(row) ~= "table" or not is_text(row.name) or not is_plain_name(row.file) then
        return nil, "names a file that is not beside it"
      end
      stems[index] = { name = row.name, path = files.join(folder, row.file), silent = row.silent == true }
    end
    return stems
  end

  local function understood(row, folder)
    local source = type(row) == "table" and row.source
    if type(row) ~= "table" or row.schema ~= 1 then
      return nil, "is of another version: update these scripts"
    end
    if not (is_text(row.job) and is_text(row.song) and is_whole(row.take) and type(source) == "table") then
      return nil, "lacks its job, song, take or source"
    end
    if not (is_whole(source.sample_rate) and source.sample_rate > 0 and is_whole(source.time_reference)) then
      return nil, "does not say where the bounce began"
    end
    local stems, why = stems_of(row.stems, folder)
    return stems and {
      folder = folder,
      job = row.job,
      song = row.song,
      take = row.take,
      created = is_text(row.created) and row.created or "",
      bounce = is_text(source.file) and source.file or "",
      origin_s = source.time_reference > 0 and source.time_reference / source.sample_rate or nil,
      stems = stems,
    }, why
  end

  -- Returns the delivery in a folder; nil where it is not ready yet; nil and a sentence where its receipt is no good.
  function deliveries.read(folder)
    local text = files.read(files.join(folder, RECEIPT))
    if not text then
      return nil
    end
    local row, why = json.decode(text)
    local delivery
    if row ~= nil then
      delivery, why = understood(row, folder)
    end
    if not delivery then
      return nil, ("The receipt in %s cannot be followed: it %s."):format(folder, (why:gsub("%.$", "")))
    end
    for _, stem in ipairs(delivery.stems) do
      if not files.is_file(stem.path) then
        return nil
      end
    end
    return delivery
  end

  -- All finished deliveries of one song's folder: its own, and its takes.
  function deliveries.of_song(folder)
    local found, trouble = {}, nil
    local function look(place)
      local delivery, why = deliveries.read(place)
      found[#found + 1] = delivery
      trouble = trouble or why
    end
    look(folder)
    for _, name in ipairs(files.folders_in(folder)) do
      if name:lower():find("^take %d") then
        look(files.join(folder, name))
      end
    end
    return found, trouble
  end

  -- All finished deliveries in the folder of all songs, newest first.
  function deliveries.all(output)
    local found = {}
    for _, name in ipairs(files.folders_in(output)) do
      if not name:find("^%.") then
        for _, delivery in ipairs(deliveries.of_song(files.join(output, name))) do
          found[#found + 1] = delivery
        end
      end
    end
    table.sort(found, function(one, other)
      return one.created > other.created
    end)
    return found
  end

  -- Seconds since 1970 of "2026-11-03T02:11:05Z"; 0 where it is nothing of the kind.
  function deliveries.seconds(created)
    local year, month, day, hour, minute, second = created:match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)Z$")
    if not year then
      return 0
    end
    -- Days from a calendar date whose year begins in March, so that a leap day is the last one.
    year, month = tonumber(year), tonumber(month)
    year, month = month > 2 and year or year - 1, (month + 9) % 12
    local days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719469
    return ((days * 24 + hour) * 60 + minute) * 60 + second
  end

  return deliveries
end
