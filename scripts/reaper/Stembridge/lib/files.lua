-- Files and folders with what REAPER and plain Lua have; nothing here runs a program and waits for it.

return function()
  local files = {}
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

  -- Removes an empty folder. Lua on Windows can only remove files; there a helper does it, and nobody waits for it.
  function files.remove_folder(folder)
    if not os.remove(folder) and windows then
      reaper.ExecProcess('cmd.exe /d /c rmdir "' .. folder .. '"', -2)
    end
  end

  -- Puts `from` in the place of `to`, which may be there.
  function files.replace(from, to)
    if os.rename(from, to) then
      return true
    end
    -- Windows renames onto nothing that is there.
    return os.remove(to) and os.rename(from, to) or false
  end

  -- Something that nobody else makes up.
  function files.nonce()
    return (reaper.genGuid(""):gsub("[^%x]", ""):lower())
  end

  return files
end
