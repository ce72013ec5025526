--- `cmml stats`: what data are, in numbers and a picture, before anything is learnt from them.
--
-- @module cmml
local options = require "cmml.base.options"
local output = require "cmml.base.output"
local shared = require "cmml.cli.shared_options"
local text = require "cmml.base.text"
local plain = require "cmml.base.plain"

return function(cmml, use)
  local pipeline = use "pipeline.data"
  local check_options = use "cli.check_options"
  local results = use "cli.results"
  local join = use "cli.command".join
  local tell = use "cli.tell"

  local declared = options.declare("cmml stats: of its own", {
    shared.data, shared.out, shared.format,
    { name = "picture", kind = "string", arg = "FILE", group = "output",
      help = "SVG file of how ratings, users and items are spread", default_text = "none" },
    shared.quiet,
  })

  -- Options that say how data are read; how they are split is no matter here.
  local function sets_of(setting)
    local general = (pipeline.option_sets()):without { "data", "quick", "protocol", "valid",
      "data_seed" }
    return { declared, general, setting.options }
  end

  local function all_sets()
    local sets = { declared, sets_of(cmml.settings:get(cmml.settings:names()[1]))[2] }
    for _, setting in cmml.settings:each() do
      sets[#sets + 1] = setting.options
    end
    return sets
  end

  -- Columns of text that the most frequent values of a field may take.
  local most_common = 36

  local spreads = { "least", "quarter", "median", "three_quarters", "ninety", "most", "mean",
    "without" }
  local heads = { least = "least", quarter = "25 %", median = "median", three_quarters = "75 %",
    ninety = "90 %", most = "most", mean = "mean", without = "without" }

  -- The table of how many ratings users and items have.
  local function spread_table(found)
    local columns, rows = { { name = "of", kind = "text", head = found.kind .. " per" } }, {}
    for i, name in ipairs(spreads) do
      columns[i + 1] = { name = name, kind = "number", head = heads[name],
        decimals = name == "mean" and 1 or nil }
    end
    for i, side in ipairs { "user", "item" } do
      rows[i] = { of = side }
      for _, name in ipairs(spreads) do
        rows[i][name] = found["per_" .. side][name]
      end
    end
    return { name = "spread", columns = columns, rows = rows }
  end

  local function value_name(kind)
    return kind == "weights" and "weight" or "rating"
  end

  local function histogram_table(found)
    local rows = {}
    for i, entry in ipairs(found.values and found.values.histogram or {}) do
      rows[i] = { from = entry[1], count = entry[2], fraction = entry[2] / found.entries }
    end
    return { name = "histogram", rows = rows, columns = {
      { name = "from", kind = "number",
        head = value_name(found.kind) .. (found.values and found.values.bins and " from" or "") },
      { name = "count", kind = "integer" }, { name = "fraction", kind = "number", decimals = 4 } } }
  end

  local function fields_table(found)
    local rows = {}
    for _, side in ipairs { "item", "user" } do
      for _, field in ipairs(found[side .. "_fields"]) do
        local common = ""
        for i, entry in ipairs(field.common or {}) do
          local more = ("%s%s (%d)"):format(i > 1 and ", " or "", entry[1], entry[2])
          common = common .. (text.width(common .. more) <= most_common and more or "")
        end
        rows[#rows + 1] = { field = side .. " " .. field.name, kind = field.kind,
          values = field.values, missing = field.missing,
          common = field.least and plain.format("%g to %g", field.least, field.most)
            or common }
      end
    end
    return { name = "fields", rows = rows, columns = { { name = "field", kind = "text" },
      { name = "kind", kind = "text" }, { name = "values", kind = "integer" },
      { name = "missing", kind = "integer" },
      { name = "common", kind = "text", head = "most frequent, or range" } } }
  end

  local function facts_of(setting, found)
    local facts = { { "name", found.name }, { "setting", setting.name }, { "users", found.users },
      { "items", found.items }, { "kind", found.kind }, { "entries", found.entries },
      { "density", found.density, text = plain.format("%.4g %%", 100 * found.density) },
      { "repeated", found.duplicates } }
    local function add(name, value, words)
      facts[#facts + 1] = { name, value, text = words }
    end
    if found.values then
      local of = found.values
      add("scale", { least = of.least, most = of.most, step = of.step, mean = of.mean },
        plain.format("%g to %g", of.least, of.most) .. (of.step and plain.format(" in steps of %g",
          of.step) or "") .. plain.format(", mean %.3f", of.mean))
    end
    local times = found.times
    add("times", times, not times and "none" or times.equal and "all are equal: no split by time"
      or ("%s to %s (%d to %d, %s)"):format(times.first_day, times.last_day, times.first,
        times.last, times.unit))
    for _, entry in ipairs(found.more or {}) do
      add(entry[1], entry[2], entry[3])
    end
    return facts
  end

  -- Counts of users or items by how many ratings they have, in bins that double.
  local function doubling(lengths)
    local bins = {}
    for _, n in ipairs(lengths) do
      n = math.tointeger(n)
      if n > 0 then
        local bin = 1
        while n >> bin > 0 do
          bin = bin + 1
        end
        bins[bin] = (bins[bin] or 0) + 1
        bins.last = math.max(bins.last or 1, bin)
      end
    end
    local bars = {}
    for bin = 1, bins.last or 1 do
      local from, to = 1 << (bin - 1), (1 << bin) - 1
      bars[bin] = { from == to and tostring(from) or ("%d-%d"):format(from, to), bins[bin] or 0 }
    end
    return bars
  end

  local function picture_of(found)
    local panels = {}
    if found.values then
      local bars = {}
      for i, entry in ipairs(found.values.histogram) do
        bars[i] = { plain.format("%.4g", entry[1]), entry[2] }
      end
      panels[1] = { name = value_name(found.kind), bars = bars }
    end
    panels[#panels + 1] = { name = ("%s of a user"):format(found.kind),
      bars = doubling(found.lengths.users) }
    panels[#panels + 1] = { name = ("%s of an item"):format(found.kind),
      bars = doubling(found.lengths.items) }
    return cmml.svg.bars { title = ("%s: %d %s of %d users and %d items"):format(found.name,
      found.entries, found.kind, found.users, found.items), panels = panels, y = "count" }
  end

  local function run(values)
    local source = pipeline.source("stats", values, "--")
    local setting = pipeline.setting_of("stats", { data = values.data, ratings = values.ratings,
      setting = rawget(values, "setting") })
    check_options("stats", sets_of(setting), all_sets(), values, setting)
    if not setting.stats then
      return nil, ("the setting %s has no statistics of its data"):format(setting.name)
    end
    local data = pipeline.read(setting, source, values)
    if not values.quiet then
      tell(data)
    end
    local found = setting.stats(data)
    if values.picture then
      local ok, message = cmml.core.write_file(values.picture, picture_of(found))
      if not ok then
        return nil, "--picture: " .. message
      elseif not values.quiet then
        output.tell("picture written to " .. values.picture)
      end
    end
    local document = { name = "statistics", facts = facts_of(setting, found),
      tables = { spread_table(found), histogram_table(found), fields_table(found) } }
    return results.write(values, document)
  end

  cmml.command {
    name = "stats", summary = "tell what data hold: counts, density, scale, spread, times, fields",
    usage = "cmml stats --data DIR|--ratings FILE [OPTIONS]", run = run,
    options = function()
      return join(all_sets())
    end,
    examples = { "cmml stats --data ml-1m",
      "cmml stats --ratings own.csv --columns user,item,rating --picture own.svg" },
  }
end
