-- Where the bridge's folders are and what its presets are called: read from its configuration where it lies in the
-- platform's place, else the bridge's defaults. Only the few settings below are looked at, one line at a time.

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

  local function local_app_data()
    local is_plain = not home:find("[\128-\255]")
    return is_plain and os.getenv("LOCALAPPDATA") or files.join(home, "AppData\\Local")
  end

  local function linux_config()
    return os.getenv("XDG_CONFIG_HOME") or files.join(home, ".config")
  end

  local function config_file()
    local named = os.getenv("STEMBRIDGE_CONFIG")
    if named and named ~= "" then
      return named
    end
    local folder = windows and local_app_data()
      or mac and files.join(home, "Library/Application Support")
      or linux_config()
    return files.join(files.join(folder, "stembridge"), "config.toml")
  end

  local function music()
    local chosen = not windows and not mac and files.read(files.join(linux_config(), "user-dirs.dirs")) or ""
    local folder = ("\n" .. chosen):match('\n%s*XDG_MUSIC_DIR="([^"\n]+)"')
    return folder and folder:gsub("^%$HOME", (home:gsub("%%", "%%%%"))) or files.join(home, "Music")
  end

  local ESCAPES = { ["\\"] = "\\", ['"'] = '"', t = "\t", n = "\n", b = "\b", f = "\f", r = "\r" }

  -- A TOML string on one line; nil for anything else.
  local function toml_text(written)
    local literal = written:match("^'([^']*)'")
    local basic = written:match('^"(.-[^\\])"') or written:match('^"(\\\\)"')
    if literal or not basic then
      return literal
    end
    return (basic:gsub("\\(.)", function(letter)
      return ESCAPES[letter] or "\\" .. letter
    end))
  end

  local function absolute(folder, config)
    if folder:find("^~[/\\]") then
      return files.join(home, folder:sub(3))
    end
    if folder:find("^[/\\]") or folder:find("^%a:") then
      return folder
    end
    return files.join(config:match("^(.*)[/\\]") or ".", folder)
  end

  local function read_config(found, config)
    local section = ""
    for line in (files.read(config) or ""):gmatch("[^\r\n]+") do
      section = line:match("^%s*%[([^%]]+)%]") or section
      local preset = line:match("^%s*%[presets%.([%w_-]+)%]") or line:match('^%s*%[presets%."([^"\\]+)"%]')
      found.presets[#found.presets + 1] = preset
      local key, written = line:match("^%s*([%w_]+)%s*=%s*(.*)$")
      local text = written and toml_text(written)
      if key == "folder" and text and (section == "inbox" or section == "output") then
        found[section] = absolute(text, config)
      elseif section == "osc" and key == "port" then
        found.port = tonumber(written:match("^%d+")) or found.port
      elseif section == "osc" and key == "host" and text and text:find("^%d+%.") and text ~= "0.0.0.0" then
        found.host = text
      end
    end
  end

  -- Returns {inbox, output, host, port, presets}.
  function places.find()
    local own = files.join(music(), "Stembridge")
    local found = {
      inbox = files.join(own, "Inbox"),
      output = files.join(own, "Stems"),
      host = "127.0.0.1",
      port = 9123,
      presets = {},
    }
    read_config(found, config_file())
    return found
  end

  return places
end
