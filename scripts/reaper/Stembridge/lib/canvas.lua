-- Drawing and clicking in a gfx window: rows of text, buttons, progress bars. Nothing in here knows what is shown.

return function()
  local canvas = {}
  local MARGIN, ROW, BUTTON = 10, 24, 78
  local TEXT, DIM, BACK, BAR, HOVER, BAD = 0xE6E6E6, 0x9AA0A6, 0x26292E, 0x2A9D8F, 0x3A3F46, 0xE4572E
  local ESCAPE, CLOSED = 27, -1
  local was_down, clicked, y = false, false, 0

  local function paint(colour)
    gfx.set((colour >> 16) / 255, (colour >> 8 & 0xFF) / 255, (colour & 0xFF) / 255, 1)
  end

  local function hovers(left, width)
    return gfx.mouse_x >= left and gfx.mouse_x < left + width and gfx.mouse_y >= y and gfx.mouse_y < y + ROW - 2
  end

  local function write(text, left, width, colour)
    paint(colour)
    gfx.x, gfx.y = left, y + 4
    gfx.drawstr(text, 0, math.floor(left + width), y + ROW)
  end

  local function box(left, width, colour)
    paint(colour)
    gfx.rect(left, y, width, ROW - 2, 1)
  end

  function canvas.open(title, width, height)
    gfx.init(title, width, height)
    gfx.setfont(1, "Arial", 15)
  end

  -- Begins a picture; false when the window was closed, or Escape pressed.
  function canvas.begin()
    local key = gfx.getchar()
    local down = gfx.mouse_cap & 1 == 1
    -- A click is the moment of letting go, so that a menu does not take the press for its own.
    clicked = was_down and not down
    was_down = down
    y = MARGIN
    paint(BACK)
    gfx.rect(0, 0, gfx.w, gfx.h, 1)
    return key ~= CLOSED and key ~= ESCAPE
  end

  function canvas.space()
    y = y + ROW // 2
  end

  function canvas.text(text, is_bad)
    write(text, MARGIN, gfx.w - 2 * MARGIN, is_bad and BAD or DIM)
    y = y + ROW
  end

  -- A row with a name and what is chosen; returns whether it was clicked.
  function canvas.choice(name, chosen)
    local over = hovers(MARGIN, gfx.w - 2 * MARGIN)
    if over then
      box(MARGIN, gfx.w - 2 * MARGIN, HOVER)
    end
    write(name, MARGIN + 4, BUTTON, DIM)
    write(chosen, MARGIN + BUTTON + 8, gfx.w - 2 * MARGIN - BUTTON - 12, TEXT)
    y = y + ROW
    return over and clicked
  end

  function canvas.button(text, is_on)
    local over = is_on and hovers(MARGIN, gfx.w - 2 * MARGIN)
    box(MARGIN, gfx.w - 2 * MARGIN, over and BAR or HOVER)
    write(text, MARGIN + 8, gfx.w - 2 * MARGIN - 16, is_on and TEXT or DIM)
    y = y + ROW
    return over and clicked
  end

  -- A song with its progress (0 to 1) behind it and a small button at its end; returns whether that was clicked.
  function canvas.progress(text, fraction, is_bad, button)
    local width = gfx.w - 2 * MARGIN - BUTTON - 6
    box(MARGIN, width, HOVER)
    box(MARGIN, math.floor(width * math.max(0, math.min(1, fraction))), is_bad and BAD or BAR)
    write(text, MARGIN + 4, width - 8, TEXT)
    local left = MARGIN + width + 6
    local over = hovers(left, BUTTON)
    box(left, BUTTON, over and BAR or HOVER)
    write(button, left + 8, BUTTON - 10, TEXT)
    y = y + ROW
    return over and clicked
  end

  return canvas
end
