--- `cmml info`: what is in a model file.
--
-- @module cmml
local json = require "cmml.base.json"
local plain = require "cmml.base.plain"
local shared = require "cmml.cli.shared_options"
local wrap = require("cmml.base.text").wrap

-- A value in at most 80 columns, or a few lines of them.
local function shown(name, value)
  local words, entries = json.encode(value), type(value) == "table" and #value or 0
  if entries > 0 and #words > 60 then
    return ("%s.. (%d values)"):format(words:sub(1, math.max(8, 48 - #name)), entries)
  elseif type(value) == "table" and #words > 60 then
    words = #words > 200 and words:sub(1, 200) .. ".." or words
    return wrap(words:gsub(",", ", "), 15, 79 - #name) -- the first line begins with the name
  end
  return #words > 200 and words:sub(1, 200) .. ".." or words
end

return function(cmml, use)
  use "cli.command"
  local results = use "cli.results"

  -- Options or notes, one a line.
  local function tell(line, head, values)
    local names = {}
    for name in pairs(values) do
      names[#names + 1] = name ~= "state" and name or nil
    end
    plain.sort(names)
    for i, name in ipairs(names) do
      line(i == 1 and head or "", ("%s = %s"):format(name, shown(name, values[name])))
    end
  end

  -- Plain data without the state of a training; nil where there are none.
  local function without_state(values)
    local copy = {}
    for name, value in pairs(values) do
      if name ~= "state" then
        copy[name] = value
      end
    end
    return next(copy) ~= nil and copy or nil
  end

  -- The parameters of a model: list of {name, count, shape}, each name behind a prefix; and how
  -- many numbers they have together.
  local function parameters_of(model, prefix)
    local list, count = {}, 0
    for i, pair in ipairs(model:tensors()) do
      local is_list = type(pair[2]) == "table"
      list[i] = { name = prefix .. pair[1], count = is_list and #pair[2] or pair[2].count,
        shape = is_list and tostring(#pair[2]) or table.concat(pair[2].shape, "x") }
      count = count + list[i].count
    end
    return list, count
  end

  -- How many bytes a file has.
  local function size_of(path)
    local file <close> = assert(io.open(path, "rb"))
    return file:seek "end"
  end

  local function run(values)
    local model, found = cmml.load(values.model)
    if not model then
      return nil, found
    end
    local setting, notes = model.setting, type(found.notes) == "table" and found.notes or {}
    local lines, facts = {}, { { "kind", model.kind }, { "title", model.title } }
    local function line(name, value)
      lines[#lines + 1] = ("%-12s %s"):format(name, value)
    end
    local function fact(name, value, words)
      facts[#facts + 1] = { (name:gsub(" ", "_")), value }
      line(name, words or value)
    end
    line("kind", ("%s (%s)"):format(model.kind, model.title))
    fact("written by", found.version)
    fact("setting", setting.name, setting.title:find(setting.name, 1, true) == 1 and setting.title
      or ("%s (%s)"):format(setting.name, setting.title))
    if setting.describe then
      setting.describe(fact, model.catalogue, notes)
    end
    local function facts_of(of)
      for _, one in ipairs(of.facts and of:facts() or {}) do
        fact(table.unpack(one))
      end
    end
    tell(line, "options", model.options)
    facts_of(model)
    local parameters, count = parameters_of(model, "")
    local lists = model.lists
    if lists then
      fact("lists by", lists.kind, ("%s (%s)"):format(lists.kind, lists.title))
      tell(line, "its options", lists.options)
      facts_of(lists)
      local more, numbers = parameters_of(lists, "lists.")
      table.move(more, 1, #more, #parameters + 1, parameters)
      count = count + numbers
    end
    tell(line, "notes", notes)
    facts[#facts + 1] = { "options", without_state(model.options) }
    facts[#facts + 1] = lists and { "lists_options", without_state(lists.options) } or nil
    facts[#facts + 1] = { "notes", without_state(notes) }
    for _, parameter in ipairs(values.parameters and parameters or {}) do
      line("", ("%-30s %s"):format(parameter.name, parameter.shape))
    end
    fact("parameters", count)
    local bytes = size_of(values.model)
    fact("size", bytes, plain.format("%.1f MB", bytes / 1e6))
    return results.write(values, { name = "description of the model", facts = facts,
      tables = values.parameters and { { name = "tensors", columns = { { name = "name",
        kind = "text" }, { name = "count", kind = "integer" }, { name = "shape", kind = "text" } },
        rows = parameters } } or nil, text = function()
        return table.concat(lines, "\n")
      end })
  end

  cmml.command {
    name = "info", summary = "tell what is in a model file",
    usage = "cmml info --model FILE [--parameters]", run = run,
    options = {
      shared.model,
      { name = "parameters", kind = "boolean", default = false, group = "model",
        help = "list every parameter with its shape; in CSV they are the records" },
      shared.out, shared.format, shared.quiet,
    },
    examples = { "cmml info --model runs/films/best.safetensors" },
  }
end
