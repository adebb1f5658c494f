"""What a test has Ardour do, in Lua."""

from __future__ import annotations

PREPARE_BODY = """
    local paths = C.StringVector () paths:push_back (params.mix)
    Editor:do_import (paths, Editing.ImportDistinctFiles, Editing.ImportAsTrack, ARDOUR.SrcQuality.SrcBest,
        ARDOUR.MidiTrackNameSource.SMFTrackName, ARDOUR.MidiTempoMapDisposition.SMFTempoIgnore,
        Temporal.timepos_t (math.tointeger (params.origin)), ARDOUR.PluginInfo (), ARDOUR.Track (), false)
"""
EXPORT_BODY = """
    local export = Session:simple_export ()
    export:set_preset (params.preset)
    export:set_name (params.name)
    export:set_range (math.tointeger (params.origin), math.tointeger (params.origin) + math.tointeger (params.frames))
    export:run_export ()
"""
REPORT_BODY = """
    local out = io.open (params.report .. ".part", "w")
    for track in Session:get_tracks ():iter () do
        for region in track:to_track ():playlist ():region_list ():iter () do
            out:write (string.format ("%s|%s|%06x|%d|%d\\n", track:name (), track:comment (),
                track:presentation_info_ptr ():color () >> 8,
                region:position ():samples (), region:length ():samples ()))
        end
    end
    out:close ()
    os.rename (params.report .. ".part", params.report)
"""
HEADLESS_BODY = """
    local s = load_session ("{folder}", "{name}")
    for track in s:get_tracks ():iter () do
        for region in track:to_track ():playlist ():region_list ():iter () do
            print (string.format ("%s|%s|%06x|%d|%d", track:name (), track:comment (),
                track:presentation_info_ptr ():color () >> 8,
                region:position ():samples (), region:length ():samples ()))
        end
    end
    close_session ()
    quit ()
"""
FAILING_IMPORTS_BODY = """
    -- Our parts with an Ardour that has no room for all tracks, then with a fault after some stems are in their place.
    local folder = ARDOUR.LuaAPI.build_filename (ARDOUR.user_config_directory (-1), "scripts", "stembridge")
    local parts, real = {}, Session
    local function use (name)
        parts[name] = parts[name] or assert (loadfile (folder .. "/" .. name .. ".lua")) (use)
        return parts[name]
    end
    local found = use ("delivery").read (params.folder)
    local out = io.open (params.report .. ".part", "w")
    local function try ()
        local done, problem = use ("tracks").import (found, 0)
        local no_step_open = real:abort_empty_reversible_command ()
        out:write (string.format ("%s|%s|%s|%s\\n", done, use ("tracks").has (found.job), no_step_open, problem))
    end
    Session = setmetatable ({}, { __index = function (_, name)
        return function (_, ...)
            local words = { ... }
            words[4] = name == "new_audio_track" and 2 or words[4]
            return real[name] (real, table.unpack (words, 1, select ("#", ...)))
        end
    end })
    try ()
    Session = real
    use ("delivery").colour = function (name) return name == "other" and error ("There is no such colour", 0) or 0 end
    try ()
    out:close ()
    os.rename (params.report .. ".part", params.report)
"""
