-- A matrix as coloured cells, with their values.
local Canvas = require "cmml.svg.canvas"
local frame = require "cmml.svg.frame"
local marks = require "cmml.svg.marks"
local number = require "cmml.svg.number"
local text = require "cmml.svg.text"
local declare = require("cmml.base.options").declare
local of_chart = require "cmml.svg.chart_options"
local raise = require("cmml.base.args").error

local known = declare("svg.heatmap", {
  of_chart.title,
  { name = "values", kind = "any", required = true,
    help = "Tensor [rows, columns] or list of lists; what is not finite is drawn as a dash" },
  { name = "rows", kind = "table", required = true, help = "names of the rows" },
  { name = "columns", kind = "table", required = true, help = "names of the columns" },
  { name = "spans", kind = "table",
    help = "list of {name, columns}: bars over the columns, from the left" },
  { name = "low", kind = "number", default_text = "the least",
    help = "value of the lightest colour" },
  { name = "high", kind = "number", default_text = "the largest",
    help = "value of the darkest colour" },
  of_chart.metric,
  of_chart.note,
  { name = "sided", kind = "boolean", default = false,
    help = "orange below 0, white there, blue above" },
  { name = "decimals", kind = "integer", default = 2,
    help = "decimals of the values; -1: they are not written" },
})

local cell_height = 21

local function read_values(opt)
  local values = opt.values
  if type(values) == "userdata" and values.totable then
    values = #values.shape == 2 and values:totable() or {}
  end
  if type(values) ~= "table" or #opt.rows == 0 or #opt.columns == 0 then
    raise("svg.heatmap: values must be a matrix with a name for each row and column", 4)
  elseif #values ~= #opt.rows then
    raise(("svg.heatmap: %d rows of values, but %d names of rows"):format(#values, #opt.rows), 4)
  end
  for i, row in ipairs(values) do
    if type(row) ~= "table" or #row ~= #opt.columns then
      raise(("svg.heatmap: row %d has %s values for %d columns"):format(i,
        type(row) == "table" and #row or "no", #opt.columns), 4)
    end
  end
  return values
end

local function range_of(opt, values)
  local low, high
  for _, row in ipairs(values) do
    low, high = frame.range(row, #row, low, high)
  end
  if not low then
    raise("svg.heatmap: no value is a finite number", 4)
  end
  if opt.sided then
    local most = math.max(math.abs(low), math.abs(high))
    low, high = -most, most
  end
  low, high = opt.low or low, opt.high or high
  if low > high then
    raise(("svg.heatmap: low %s must not be above high %s"):format(low, high), 4)
  end
  return low, high
end

-- Names of columns above them: upright where they are short, else turned.
local function draw_columns(canvas, left, top, width, names)
  local turned = false
  for _, name in ipairs(names) do
    turned = turned or text.width(text.shorten(name, 11, 120), 11) > width - 4
  end
  for j, name in ipairs(names) do
    local x = left + (j - 0.5) * width
    canvas:text(turned and x + 4 or x, top - 6, name, { size = 11, room = 120,
      turn = turned and -60 or nil, anchor = not turned and "middle" or nil })
  end
end

-- Groups of columns: a bar with a name over so many of each.
local function draw_spans(canvas, left, y, width, spans)
  local from = left
  for _, span in ipairs(spans) do
    local to = from + span[2] * width
    canvas:line(from + 3, y, to - 3, y, "#444444", { stroke_width = 1.5 })
    canvas:text((from + to) / 2, y - 6, span[1], { anchor = "middle", size = 11.5, bold = true,
      room = math.max(30, to - from) })
    from = to
  end
end

local function draw_bar(canvas, x, top, height, low, high, opt)
  local steps = 40
  for s = 1, steps do
    canvas:element("rect", { x = x, y = top + height * (steps - s) / steps, width = 14,
      height = height / steps + 0.5, fill = (marks.shade((s - 0.5) / steps, opt.sided)) })
  end
  canvas:element("rect", { x = x, y = top, width = 14, height = height, fill = "none",
    stroke = "#888888", stroke_width = 0.7 })
  local scale = frame.scale(low, high, top + height, top, math.max(4, height // 30))
  for _, value in ipairs(scale.ticks) do
    canvas:text(x + 19, scale.at(value) + 4, number.fixed(value, scale.decimals), { size = 10.5 })
  end
  if opt.metric then
    canvas:text(x, top - 8, opt.metric, { size = 11 })
  end
end

local function draw_cell(canvas, x, y, width, value, share, opt)
  if not number.is_finite(value) then
    canvas:element("rect", { x = x, y = y, width = width, height = cell_height,
      fill = "#eeeeee" })
    canvas:text(x + width / 2, y + 14, "-", { anchor = "middle", size = 10, fill = "#666666" })
    return
  end
  local fill, ink = marks.shade(share, opt.sided)
  canvas:element("rect", { x = x, y = y, width = width, height = cell_height, fill = fill,
    stroke = "#ffffff", stroke_width = 0.6 })
  if opt.decimals >= 0 then
    canvas:text(x + width / 2, y + 14.5, number.fixed(value, opt.decimals), { anchor = "middle",
      size = 10, fill = ink })
  end
end

--- A heat map.
-- @tparam table options of svg.heatmap
-- @treturn string
return function(options)
  local opt = known:check(options)
  local values = read_values(opt)
  local low, high = range_of(opt, values)
  local bar_low, bar_high = number.widened(low, high)
  local widest = 0
  for _, name in ipairs(opt.rows) do
    widest = math.max(widest, text.width(text.shorten(name, 12, 220), 12))
  end
  local longest = math.max(#number.fixed(low, math.max(opt.decimals, 0)),
    #number.fixed(high, math.max(opt.decimals, 0)))
  local width = opt.decimals >= 0 and math.max(30, longest * 6.6 + 6) or 18
  local left = widest + 30
  local canvas = Canvas.new(math.max(left + #opt.columns * width + 110, 420), 0, opt.title)
  local top = canvas:heading(opt.title, opt.note) + (opt.spans and 26 or 4)
  local tallest = 0
  for _, name in ipairs(opt.columns) do
    local room = text.width(text.shorten(name, 11, 120), 11)
    tallest = math.max(tallest, room > width - 4 and room * 0.87 + 12 or 16)
  end
  if opt.spans then
    draw_spans(canvas, left, top - 4, width, opt.spans)
  end
  top = top + tallest + 4
  draw_columns(canvas, left, top, width, opt.columns)
  for i, row in ipairs(values) do
    local y = top + (i - 1) * cell_height
    canvas:text(left - 8, y + 15, opt.rows[i], { anchor = "end", room = 220 })
    for j, value in ipairs(row) do
      draw_cell(canvas, left + (j - 1) * width, y, width, value,
        high > low and number.is_finite(value) and (value - low) / (high - low) or 0.5,
        opt)
    end
  end
  local height = #values * cell_height
  draw_bar(canvas, left + #opt.columns * width + 24, top, math.max(60, math.min(height, 260)),
    bar_low, bar_high, opt)
  canvas.height = top + math.max(height, 60) + 20
  return canvas:finish()
end
