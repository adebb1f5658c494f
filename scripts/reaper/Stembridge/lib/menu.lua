-- Menus for gfx.showmenu: a list of {text, action, checked, grey}, {text, items = {…}} and {} for a line between;
-- one level deep.

return function()
  local menu = {}

  -- These mean something at the beginning of an entry; a vertical bar ends one anywhere.
  local function plain(text)
    return (text:gsub("|", "/"):gsub("^[!#<>]+", ""))
  end

  local function add(entries, actions, items, is_last)
    for index, item in ipairs(items) do
      if item.items then
        entries[#entries + 1] = ">" .. plain(item.text)
        add(entries, actions, item.items, true)
      elseif item.text then
        local closing = is_last and index == #items and "<" or ""
        actions[#actions + 1] = item.action or function() end
        entries[#entries + 1] = closing .. (item.grey and "#" or "") .. (item.checked and "!" or "") .. plain(item.text)
      else
        entries[#entries + 1] = ""
      end
    end
  end

  -- Shows the menu at the mouse and carries out what is chosen.
  function menu.show(items)
    local entries, actions = {}, {}
    add(entries, actions, items, false)
    gfx.x, gfx.y = gfx.mouse_x, gfx.mouse_y
    local chosen = gfx.showmenu(table.concat(entries, "|"))
    if chosen > 0 then
      actions[chosen]()
    end
  end

  return menu
end
