-- Where the platform keeps the bridge's state folder and the musician's music, unless something else was chosen.

return function(part)
  local files = part("files")
  local places = {}
  local os_name = reaper.GetOS()
  local windows, mac = os_name:find("^Win") ~= nil, os_name:find("OS", 1, true) ~= nil

  -- On Windows os.getenv has letters only that the system's code page has; REAPER's own path has all of them.
  local function home_folder()
    local user = windows and reaper.GetResourcePath():match("^(%a:\\.+)\\[Aa]pp[Dd]ata\\[Rr]oaming\\")
    return user or os.getenv(windows and "USERPROFILE" or "HOME") or ""
  end

  local home = home_folder()

  -- A folder that the environment names; a name that is no whole path counts for nothing.
  local function named(variable)
    local folder = os.getenv(variable)
    return folder and folder:find("^/") and folder or nil
  end

  local function local_app_data()
    local is_plain = not home:find("[\128-\255]")
    return is_plain and os.getenv("LOCALAPPDATA") or files.join(home, "AppData\\Local")
  end

  function places.state()
    local folder = windows and local_app_data()
      or named("XDG_STATE_HOME")
      or files.join(home, mac and "Library/Application Support" or ".local/state")
    return files.join(folder, "stembridge")
  end

  function places.music()
    local config = named("XDG_CONFIG_HOME") or files.join(home, ".config")
    local chosen = not windows and not mac and files.read(files.join(config, "user-dirs.dirs")) or ""
    local folder = ("\n" .. chosen):match('\n%s*XDG_MUSIC_DIR="([^"\n]+)"')
    return folder and folder:gsub("^%$HOME", (home:gsub("%%", "%%%%"))) or files.join(home, "Music")
  end

  return places
end
