--- `cmml info`: what is in a model file.
--
-- @module cmml
local json = require "cmml.base.json"
local output = require "cmml.base.output"
local plain = require "cmml.base.plain"
local shared = require "cmml.cli.shared_options"
local wrap = require("cmml.base.text").wrap

-- A value in at most 80 columns, or a few lines of them.
local function shown(name, value)
  local text, entries = json.encode(value), type(value) == "table" and #value or 0
  if entries > 0 and #text > 60 then
    return ("%s.. (%d values)"):format(text:sub(1, math.max(8, 48 - #name)), entries)
  elseif type(value) == "table" and #text > 60 then
    text = #text > 200 and text:sub(1, 200) .. ".." or text
    return wrap(text:gsub(",", ", "), 15, 79 - #name) -- the first line begins with the name
  end
  return #text > 200 and text:sub(1, 200) .. ".." or text
end

return function(cmml, use)
  use "cli.command"

  local function line(name, value)
    output.print(("%-12s %s"):format(name, value))
  end

  -- Options or notes, one a line.
  local function tell(head, values)
    local names = {}
    for name in pairs(values) do
      names[#names + 1] = name ~= "state" and name or nil
    end
    plain.sort(names)
    for i, name in ipairs(names) do
      line(i == 1 and head or "", ("%s = %s"):format(name, shown(name, values[name])))
    end
  end

  local function run(values)
    local model, found = cmml.load(values.model)
    if not model then
      return nil, found
    end
    local setting, notes = model.setting, type(found.notes) == "table" and found.notes or {}
    line("kind", ("%s (%s)"):format(model.kind, model.title))
    line("written by", found.version)
    line("setting", setting.title:find(setting.name, 1, true) == 1 and setting.title
      or ("%s (%s)"):format(setting.name, setting.title))
    if setting.describe then
      setting.describe(line, model.catalogue, notes)
    end
    tell("options", model.options)
    tell("notes", notes)
    local count = 0
    for _, pair in ipairs(model:tensors()) do
      local is_list = type(pair[2]) == "table"
      count = count + (is_list and #pair[2] or pair[2].count)
      if values.parameters then
        line("", ("%-30s %s"):format(pair[1], is_list and #pair[2]
          or table.concat(pair[2].shape, "x")))
      end
    end
    line("parameters", count)
    return true
  end

  cmml.command {
    name = "info", summary = "tell what is in a model file",
    usage = "cmml info --model FILE [--parameters]", run = run,
    options = {
      shared.model,
      { name = "parameters", kind = "boolean", default = false, group = "model",
        help = "list every parameter with its shape" },
    },
    examples = { "cmml info --model runs/films/best.safetensors" },
  }
end
