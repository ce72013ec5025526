-- A dot with an interval for each row: tables of experiments.
local args = require "cmml.base.args"
local Canvas = require "cmml.svg.canvas"
local frame = require "cmml.svg.frame"
local number = require "cmml.svg.number"
local text = require "cmml.svg.text"
local declare = require("cmml.base.options").declare
local of_chart = require "cmml.svg.chart_options"
local raise = args.error

local known = declare("svg.intervals", {
  of_chart.title,
  { name = "rows", kind = "table", required = true,
    help = "list of {label, mean, low, high}: low and high may be nil; a mean that is not finite "
      .. "is shown as no value; group = heading of consecutive rows, strong = true to stand out" },
  of_chart.metric,
  of_chart.note,
  { name = "decimals", kind = "integer", default = 3, help = "decimals of the values" },
})

local line = 24

local function check_row(i, row)
  if type(row) ~= "table" or row[1] == nil then
    raise(("svg.intervals: row %d must be {label, mean, low, high}"):format(i), 4)
  end
  for k = 2, 4 do
    if row[k] ~= nil and type(row[k]) ~= "number" then
      raise(("svg.intervals: row %d, %s: %s is not a number"):format(i, args.quote(row[1]),
        args.shown(row[k])), 4)
    end
  end
end

-- What is drawn, line by line: headings where the group changes, and rows.
local function lines_of(rows)
  local lines, group = {}, nil
  for i, row in ipairs(rows) do
    check_row(i, row)
    if row.group ~= nil and row.group ~= group then
      lines[#lines + 1] = { heading = row.group }
    end
    group = row.group
    lines[#lines + 1] = row
  end
  return lines
end

local function value_text(row, decimals)
  if not number.is_finite(row[2]) then
    return "no value"
  elseif not (number.is_finite(row[3]) and number.is_finite(row[4])) then
    return number.fixed(row[2], decimals)
  end
  return ("%s  [%s, %s]"):format(number.fixed(row[2], decimals), number.fixed(row[3], decimals),
    number.fixed(row[4], decimals))
end

local function draw_row(canvas, box, scale, y, row)
  local colour = row.strong and "#D55E00" or "#0072B2"
  canvas:text(box.left - 10, y + 4, row[1], { anchor = "end", room = box.left - 20,
    bold = row.strong })
  if not number.is_finite(row[2]) then
    return
  elseif number.is_finite(row[3]) and number.is_finite(row[4]) then
    local low, high = scale.at(row[3]), scale.at(row[4])
    canvas:line(low, y, high, y, colour, { stroke_width = 2.5, stroke_opacity = 0.6 })
    canvas:line(low, y - 4, low, y + 4, colour, { stroke_width = 1.5 })
    canvas:line(high, y - 4, high, y + 4, colour, { stroke_width = 1.5 })
  end
  canvas:element("circle", { cx = scale.at(row[2]), cy = y, r = row.strong and 5.5 or 4.5,
    fill = colour, stroke = "#ffffff" })
end

--- A chart of means with their intervals, a row each.
-- @tparam table options of svg.intervals
-- @treturn string
return function(options)
  local opt = known:check(options)
  if #opt.rows == 0 then
    raise("svg.intervals: there are no rows", 3)
  end
  local lines, low, high = lines_of(opt.rows), nil, nil
  local widest, values_width = 60, 60
  for _, row in ipairs(lines) do
    if not row.heading and number.is_finite(row[2]) then
      low, high = frame.range({ row[2], row[3], row[4] }, 3, low, high)
    end
    if not row.heading then
      local bold = row.strong and 1.15 or 1
      widest = math.max(widest, bold * text.width(text.shorten(row[1], 12, 280), 12))
      values_width = math.max(values_width, text.width(value_text(row, opt.decimals), 11))
    end
  end
  if not low then
    raise("svg.intervals: no row has a mean that is a finite number", 3)
  end
  low, high = number.widened(low, high, 0.04)
  local width = widest + 30 + 420 + values_width + 30
  local canvas = Canvas.new(width, 130 + #lines * line, opt.title)
  local top = canvas:heading(opt.title, opt.note) + 6
  local box = { left = widest + 30, top = top, bottom = top + #lines * line + 4 }
  box.right = box.left + 420
  local scale = frame.scale(low, high, box.left, box.right, 6)
  frame.horizontal(canvas, box, scale, opt.metric)
  for i, row in ipairs(lines) do
    local y = top + (i - 0.5) * line
    if row.heading then
      canvas:text(16, y + 5, row.heading, { bold = true, room = box.left - 20 })
    else
      draw_row(canvas, box, scale, y, row)
      canvas:text(box.right + 14, y + 4, value_text(row, opt.decimals), { size = 11 })
    end
  end
  canvas.height = box.bottom + (opt.metric and 50 or 30)
  return canvas:finish()
end
