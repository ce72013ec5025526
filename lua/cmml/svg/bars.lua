-- Counts as bars, in panels one under the other: how ratings, users and items are spread.
local Canvas = require "cmml.svg.canvas"
local frame = require "cmml.svg.frame"
local marks = require "cmml.svg.marks"
local number = require "cmml.svg.number"
local declare = require("cmml.base.options").declare
local of_chart = require "cmml.svg.chart_options"
local raise = require("cmml.base.args").error

local known = declare("svg.bars", {
  of_chart.title,
  { name = "panels", kind = "table", required = true,
    help = "list of {name, bars}; bars is a list of {label, count}, and name stands under them" },
  of_chart.y, of_chart.note,
})

local width, height, gap = 640, 150, 62

local function check(panels)
  if #panels == 0 then
    raise("svg.bars: there are no panels", 4)
  end
  for p, panel in ipairs(panels) do
    if type(panel) ~= "table" or type(panel.bars) ~= "table" or #panel.bars == 0 then
      raise(("svg.bars: panel %d must be {name = .., bars = list of {label, count}}"):format(p), 4)
    end
    for b, bar in ipairs(panel.bars) do
      if type(bar) ~= "table" or bar[1] == nil or not number.is_finite(bar[2]) or bar[2] < 0 then
        raise(("svg.bars: panel %d, bar %d must be {label, count}, the count finite and not "
          .. "negative"):format(p, b), 4)
      end
    end
  end
end

local function draw_panel(canvas, panel, box, y_name)
  local most, n = 0, #panel.bars
  for _, bar in ipairs(panel.bars) do
    most = math.max(most, bar[2])
  end
  local y = frame.scale(0, most > 0 and most * 1.05 or 1, box.bottom, box.top, 4)
  frame.vertical(canvas, box, y, y_name)
  local step = (box.right - box.left) / n
  for b, bar in ipairs(panel.bars) do
    local left, top = box.left + (b - 1) * step + step * 0.1, y.at(bar[2])
    canvas:element("rect", { x = left, y = top, width = step * 0.8, height = box.bottom - top,
      fill = marks.colour(1) })
    canvas:text(left + step * 0.4, box.bottom + 16, bar[1], { anchor = "middle", size = 11,
      room = step })
  end
  canvas:line(box.left, box.bottom, box.right, box.bottom, "#444444")
  if panel.name then
    canvas:text((box.left + box.right) / 2, box.bottom + 36, panel.name, { anchor = "middle",
      room = box.right - box.left })
  end
end

--- A chart of bars.
-- @tparam table options of svg.bars
-- @treturn string
return function(options)
  local opt = known:check(options)
  check(opt.panels)
  local canvas = Canvas.new(84 + width + 24, 0, opt.title)
  local top = canvas:heading(opt.title, opt.note) + 4
  for _, panel in ipairs(opt.panels) do
    draw_panel(canvas, panel, { left = 84, right = 84 + width, top = top, bottom = top + height },
      opt.y)
    top = top + height + gap
  end
  canvas.height = top
  return canvas:finish()
end
