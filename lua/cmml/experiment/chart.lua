--- Pictures of tables: a panel a metric, a dot a row, with its interval, as SVG.
--
-- @module cmml.experiment.chart
local chart = {}

local line_height, panel_width, gap, top = 22, 240, 28, 56

local function escaped(text)
  return (text:gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;",
    ['"'] = "&quot;" }))
end

local function text(x, y, words, extra)
  return ('<text x="%.1f" y="%.1f"%s>%s</text>'):format(x, y, extra and " " .. extra or "",
    escaped(words))
end

-- A step of 1, 2 or 5 times a power of ten that divides a range into at most four.
local function step_of(range)
  local step = 10.0 ^ math.floor(math.log(range / 4, 10))
  for _, factor in ipairs { 1, 2, 5, 10 } do
    if range / (step * factor) <= 4 then
      return step * factor
    end
  end
end

local function bounds(rows, metric)
  local low, high = math.huge, -math.huge
  for _, row in ipairs(rows) do
    local value = row[metric]
    if value and value.mean == value.mean then
      low, high = math.min(low, value.low), math.max(high, value.high)
    end
  end
  if low > high then
    return 0, 1
  end
  local margin = math.max((high - low) * 0.06, math.abs(high) * 1e-3, 1e-9)
  return low - margin, high + margin
end

local function panel(lines, rows, metric, left, bottom)
  local low, high = bounds(rows, metric.name)
  local function place(value)
    return left + (value - low) / (high - low) * panel_width
  end
  lines[#lines + 1] = text(left + panel_width / 2, 42, metric.head or metric.name,
    'text-anchor="middle" font-weight="bold"')
  local step = step_of(high - low)
  local tick = math.ceil(low / step)
  while tick * step <= high do
    local x = place(tick * step)
    lines[#lines + 1] = ('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#ddd"/>'):format(x, top,
      x, bottom)
    lines[#lines + 1] = text(x, bottom + 16, ("%.4g"):format(tick * step),
      'text-anchor="middle" fill="#555"')
    tick = tick + 1
  end
  for i, row in ipairs(rows) do
    local value, y = row[metric.name], top + (i - 0.5) * line_height
    if value and value.mean == value.mean then
      lines[#lines + 1] = ('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#0072b2" '
        .. 'stroke-width="2"/>'):format(place(value.low), y, place(value.high), y)
      lines[#lines + 1] = ('<circle cx="%.1f" cy="%.1f" r="4" fill="#0072b2"/>'):format(
        place(value.mean), y)
    end
  end
end

--- The picture of a table.
-- @tparam table tbl see `cmml.experiment.report`
-- @tparam table rows of `report.summary`
-- @treturn string SVG
function chart.svg(tbl, rows)
  local longest = 0
  for _, row in ipairs(rows) do
    longest = math.max(longest, utf8.len(row.row) or #row.row)
  end
  local left, bottom = 24 + 7 * longest, top + #rows * line_height
  local width = left + #tbl.metrics * (panel_width + gap) + 12
  local lines = { ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox='
    .. '"0 0 %d %d" font-family="sans-serif" font-size="12">'):format(width, bottom + 30, width,
    bottom + 30), ('<rect width="%d" height="%d" fill="white"/>'):format(width, bottom + 30),
    text(12, 20, tbl.title .. (tbl.leaky and " (leaky)" or ""), 'font-size="14"') }
  for i, row in ipairs(rows) do
    lines[#lines + 1] = text(left - 12, top + (i - 0.5) * line_height + 4, row.row,
      'text-anchor="end"')
  end
  for m, metric in ipairs(tbl.metrics) do
    panel(lines, rows, metric, left + (m - 1) * (panel_width + gap), bottom)
  end
  lines[#lines + 1] = "</svg>\n"
  return table.concat(lines, "\n")
end

return chart
