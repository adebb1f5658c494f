-- Files and folders with what REAPER and plain Lua have; nothing here runs a program and waits for it.

return function()
  local files = {}
  local PIECES, PIECE_BYTES = 64, 128
  local NOBODY_WAITS, MOVING_MS = -2, 5000
  local windows = reaper.GetOS():find("^Win") ~= nil

  function files.join(folder, name)
    return folder:gsub("[/\\]+$", "") .. (windows and "\\" or "/") .. name
  end

  function files.name_of(path)
    return path:match(windows and "([^/\\]+)[/\\]*$" or "([^/]+)/*$") or path
  end

  function files.read(path)
    local file = io.open(path, "rb")
    local text = file and file:read("a")
    if file then
      file:close()
    end
    return text
  end

  -- False where the disk is full or the folder can only be read; then half a file may be left.
  function files.write(path, text)
    local file = io.open(path, "wb")
    if not file then
      return false
    end
    local written = file:write(text)
    return file:close() and written ~= nil
  end

  function files.is_file(path)
    local file = io.open(path, "rb")
    local readable = file ~= nil and file:read(0) ~= nil
    if file then
      file:close()
    end
    return readable
  end

  -- A text that tells a file from others, from its length and some bytes from all over it; nil where it cannot be read.
  function files.mark(path)
    local file = files.is_file(path) and io.open(path, "rb")
    if not file then
      return nil
    end
    local size, sum = file:seek("end"), 0
    for piece = 0, PIECES - 1 do
      file:seek("set", size * piece // PIECES)
      for _, byte in ipairs({ (file:read(PIECE_BYTES) or ""):byte(1, -1) }) do
        sum = (sum * 31 + byte) % 0x100000000
      end
    end
    file:close()
    return ("%d-%08x"):format(size, sum)
  end

  local function listed(enumerate, folder)
    local names, index = {}, 0
    -- Without this REAPER answers from its cache, and what is new would not be seen.
    enumerate(folder, -1)
    local name = enumerate(folder, 0)
    while name do
      names[#names + 1] = name
      index = index + 1
      name = enumerate(folder, index)
    end
    return names
  end

  function files.folders_in(folder)
    return listed(reaper.EnumerateSubdirectories, folder)
  end

  function files.make_folder(folder)
    reaper.RecursiveCreateDirectory(folder, 0)
  end

  -- On Windows Lua removes no folders, and removes and renames no file whose path has letters that the system's code
  -- page lacks: REAPER gives UTF-8 to io.open only, and to the programs that it starts.
  local function helper(command, timeout_ms)
    return windows and reaper.ExecProcess("cmd.exe /d /c " .. command, timeout_ms) or nil
  end

  -- Removes a folder of ours, which holds no other files than those with these names.
  function files.remove_folder(folder, names)
    for _, name in ipairs(names) do
      os.remove(files.join(folder, name))
    end
    if not os.remove(folder) then
      helper('rmdir /s /q "' .. folder .. '"', NOBODY_WAITS)
    end
  end

  -- Puts the file `from` in the place of `to`, which may be there.
  function files.replace(from, to)
    -- Windows renames onto nothing that is there.
    if os.rename(from, to) or os.remove(to) and os.rename(from, to) then
      return true
    end
    local was_there = files.is_file(from)
    helper('move /y "' .. from .. '" "' .. to .. '"', MOVING_MS)
    return was_there and files.is_file(to) and not files.is_file(from)
  end

  -- Something that nobody else makes up.
  function files.nonce()
    return (reaper.genGuid(""):gsub("[^%x]", ""):lower())
  end

  return files
end
