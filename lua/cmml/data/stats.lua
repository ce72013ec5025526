--- What data are, in numbers: how many, how dense, on what scale, how spread over users and items.
--
-- @module cmml
local plain = require "cmml.base.plain"
local time_unit = require "cmml.data.time_unit"

-- Rows of a tensor that are looked at together: a list in Lua of all of them would be too large.
local piece = 1 << 18
-- Different ratings that are told one by one; more are put into bins.
local most_values = 20

return function(cmml, use)
  local scale = use "data.scale"
  local core = cmml.core
  local stats = {}

  -- Numbers at fractions of a sorted list, the nearest one each.
  local function quantile(sorted, fraction)
    return sorted[math.max(1, math.ceil(fraction * #sorted))]
  end

  -- How a count is spread over users or items.
  local function spread(counts)
    local sorted, sum, without = {}, 0, 0
    for _, count in ipairs(counts) do
      count = math.tointeger(count) or count
      sorted[#sorted + 1] = count > 0 and count or nil
      sum, without = sum + count, without + (count == 0 and 1 or 0)
    end
    plain.sort(sorted)
    if #sorted == 0 then
      return { least = 0, quarter = 0, median = 0, three_quarters = 0, ninety = 0, most = 0,
        mean = 0, without = without }
    end
    return { least = sorted[1], quarter = quantile(sorted, 0.25), median = quantile(sorted, 0.5),
      three_quarters = quantile(sorted, 0.75), ninety = quantile(sorted, 0.9),
      most = sorted[#sorted], mean = sum / #sorted, without = without }
  end

  -- Calls a function with the numbers of a tensor, a list of some at a time.
  local function each_piece(values, f)
    local n = values.count
    for from = 1, n, piece do
      f(values:slice(1, from, math.min(from + piece - 1, n)):totable())
    end
  end

  -- Values and how often each occurs; bins where there are many.
  local function histogram(values)
    local counts, n_values, least, most, sum = {}, 0, math.huge, -math.huge, 0.0
    each_piece(values, function(list)
      for _, value in ipairs(list) do
        least, most, sum = math.min(least, value), math.max(most, value), sum + value
        if counts[value] then
          counts[value] = counts[value] + 1
        elseif n_values <= most_values then
          counts[value], n_values = 1, n_values + 1
        end
      end
    end)
    local result = { least = least, most = most, mean = sum / values.count, histogram = {} }
    if n_values <= most_values then
      for value, count in pairs(counts) do
        table.insert(result.histogram, { value, count })
      end
      plain.sort(result.histogram, function(a, b)
        return a[1] < b[1]
      end)
      result.step = scale.of(values).step
      return result
    end
    local n_bins, bins = 10, {}
    for i = 1, n_bins do
      bins[i] = { least + (i - 1) * (most - least) / n_bins, 0 }
    end
    each_piece(values, function(list)
      for _, value in ipairs(list) do
        local bin = math.min(n_bins, 1 + math.floor((value - least) / (most - least) * n_bins))
        bins[bin][2] = bins[bin][2] + 1
      end
    end)
    result.histogram, result.bins = bins, true
    return result
  end

  local function times_of(times)
    local first, last = times:range()
    if not first then
      return nil
    end
    local unit = time_unit.of(first, last)
    return { first = first, last = last, unit = unit.name, equal = first == last,
      first_day = os.date("!%Y-%m-%d", first // unit.per_second),
      last_day = os.date("!%Y-%m-%d", last // unit.per_second) }
  end

  -- The values of a field in records.
  local function field_of(field, records)
    local counts, names, missing, entries = {}, {}, 0, 0
    local least, most = math.huge, -math.huge
    local beside = records.vectors and records.vectors[field[1]]
    for row, record in ipairs(records) do
      local value = record[field[1]]
      local list = type(value) == "table" and value or { value }
      local has = #list > 0 or beside and beside.rows[row] > 0
      missing = missing + (has and 0 or 1)
      for _, one in ipairs(list) do
        local name = plain.tostring(one)
        entries = entries + 1
        names[#names + 1] = not counts[name] and name or nil
        counts[name] = (counts[name] or 0) + 1
        if type(one) == "number" then
          least, most = math.min(least, one), math.max(most, one)
        end
      end
    end
    plain.sort(names, function(a, b)
      if counts[a] ~= counts[b] then
        return counts[a] > counts[b]
      end
      return a < b
    end)
    local common = {}
    for i = 1, math.min(3, #names) do
      common[i] = { names[i], counts[names[i]] }
    end
    local kind = field.kind or (field.multi and "list") or "category"
    return { name = field[1], kind = kind, values = #names, entries = entries, missing = missing,
      least = kind == "number" and entries > 0 and least or nil,
      most = kind == "number" and entries > 0 and most or nil,
      common = kind ~= "number" and kind ~= "vector" and common or nil }
  end

  --- Numbers on data whose interactions are grouped by user.
  -- @tparam table parts name, kind ("ratings", "weights" or "interactions"), users (Segments, one a
  -- user), items (Ids), n_items, values (Tensor, or nil), times (Times, or nil), duplicates,
  -- distinct (how many pairs of user and item there are, where some come several times; default:
  -- all), and fields: {items, users}, each {fields = list for a schema, records = by row}, or nil
  -- @treturn table plain data: name, kind, users, items, entries, density, duplicates, per_user,
  -- per_item (least, quarter, median, three_quarters, ninety, most, mean of those that have any,
  -- without), values (least, most, mean, step, histogram, bins), times (first, last, unit, days,
  -- equal), item_fields, user_fields; and lengths: the counts of users and of items
  function stats.of(parts)
    local lengths, n = parts.users:totable(), #parts.items
    local per_item = core.scatter_add_rows(core.full({ parts.n_items }, 0),
      core.full({ n }, 1), parts.items):totable()
    local result = { name = parts.name, kind = parts.kind, entries = n,
      duplicates = parts.duplicates, per_user = spread(lengths), per_item = spread(per_item) }
    result.lengths = { users = lengths, items = per_item }
    result.users = #lengths - result.per_user.without
    result.items = parts.n_items - result.per_item.without
    result.density = result.users > 0 and (parts.distinct or n) / (result.users * result.items)
      or 0.0
    result.values = parts.values and n > 0 and histogram(parts.values) or nil
    result.times = parts.times and times_of(parts.times) or nil
    for _, side in ipairs { "item", "user" } do
      local of, list = (parts.fields or {})[side .. "s"], {}
      for i, field in ipairs(of and of.fields or {}) do
        list[i] = field_of(field, of.records)
      end
      result[side .. "_fields"] = list
    end
    return result
  end

  return stats
end
