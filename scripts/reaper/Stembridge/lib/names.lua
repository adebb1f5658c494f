-- Names that every system can store, and the colours of stems (docs/importers.md, section 4).

return function()
  local names = {}
  local LONGEST = 100
  local OTHER = 0x9AA0A6
  local COLOURS = {
    vocals = 0xE4572E, drums = 0xF3A712, bass = 0x3D5A80, guitar = 0x76B041,
    piano = 0x8E6C8A, strings = 0x2A9D8F, wind = 0x00B4D8, other = OTHER,
  }
  names.STEMS = { "vocals", "drums", "bass", "guitar", "piano", "strings", "wind", "other" }

  local function is_device(name)
    local device = name:match("^[^.]*"):upper()
    return device:find("^COM%d$") or device:find("^LPT%d$")
      or device == "CON" or device == "PRN" or device == "AUX" or device == "NUL"
  end

  -- A song's name from any text, as the bridge would make it of a file of that name.
  function names.song(text)
    local name = text:gsub("%c", " "):gsub('[<>:"/\\|?*]', "_"):gsub("^[%s.]+", "")
    while #name > LONGEST do
      name = name:sub(1, utf8.offset(name, -1) - 1)
    end
    name = name:gsub("[%s.]+$", "")
    if name == "" then
      return "untitled"
    end
    return is_device(name) and (name:gsub("^[^.]*", "%0_")) or name
  end

  -- Red, green and blue of a stem's track; "no_drums" has the colour of drums, half way to white.
  function names.colour(stem)
    local plain = stem:match("^no_(.*)")
    local colour = COLOURS[plain or stem] or OTHER
    local red, green, blue = colour >> 16, colour >> 8 & 0xFF, colour & 0xFF
    if plain then
      return (red + 255) // 2, (green + 255) // 2, (blue + 255) // 2
    end
    return red, green, blue
  end

  return names
end
