--- `cmml info`: what is in a model file.
--
-- @module cmml.cli.info
local common = require "cmml.cli.common"
local json = require "cmml.base.json"
local wrap = require("cmml.base.text").wrap

local info = {
  summary = "tell what is in a model file",
  usage = "cmml info --model FILE [--parameters]",
  options = {
    { name = "model", kind = "string", arg = "FILE", required = true, help = "model file" },
    { name = "parameters", kind = "flag", help = "list every parameter with its shape" },
    common.modules_option,
  },
}

-- Of ratings: the fields of items and people.
local function tell_users(line, catalogue)
  line("setting", "user (ratings)")
  line("items", #catalogue.items)
  for _, side in ipairs { "item", "user" } do
    local fields = {}
    for i, field in ipairs(catalogue:fields(side)) do
      fields[i] = ("%s (%d)"):format(field.name, field.size)
    end
    line(side .. " fields", #fields > 0 and table.concat(fields, ", ") or "none")
  end
end

-- Of scenarios: the data, and what is known of users and items.
local function tell_scenarios(line, catalogue, notes)
  line("setting", "scenario (groups of items)")
  line("data", type(notes.data) == "string" and notes.data:gsub("%c", " ") or "not told")
  line("users", #catalogue.users)
  line("items", #catalogue.items)
  local vectors = catalogue.vectors
  line("vectors", vectors and ("%s, %d factors"):format(vectors.kind, vectors.items.shape[2])
    or "none")
end

--- Runs the command.
-- @tparam table cmml the library
-- @tparam table values options
-- @treturn ?true
-- @treturn ?string message
function info.run(cmml, values)
  local model, found = cmml.load(values.model)
  if not model then
    return nil, found
  end
  local function line(name, value)
    print(("%-12s %s"):format(name, value))
  end
  line("kind", ("%s (%s)"):format(model.kind, model.title))
  line("written by", found.version)
  local tell = model.setting == "scenario" and tell_scenarios or tell_users
  local noted = type(found.notes) == "table" and found.notes or {}
  tell(line, model.catalogue, noted)
  for _, key in ipairs { "options", "notes" } do
    local plain = key == "options" and model.options or noted
    local names = {}
    for name in pairs(plain) do
      if name ~= "state" then
        names[#names + 1] = name
      end
    end
    table.sort(names)
    for i, name in ipairs(names) do
      local value = plain[name]
      local text, entries = json.encode(value), type(value) == "table" and #value or 0
      if entries > 0 and #text > 60 then
        text = ("%s.. (%d values)"):format(text:sub(1, math.max(8, 48 - #name)), entries)
      elseif type(value) == "table" and #text > 60 then
        text = #text > 200 and text:sub(1, 200) .. ".." or text
        text = wrap(text:gsub(",", ", "), 15, 79 - #name) -- the first line begins with the name
      elseif #text > 200 then
        text = text:sub(1, 200) .. ".."
      end
      line(i == 1 and key or "", ("%s = %s"):format(name, text))
    end
  end
  local count = 0
  for _, pair in ipairs(model:tensors()) do
    count = count + pair[2].count
    if values.parameters then
      line("", ("%-30s %s"):format(pair[1], table.concat(pair[2].shape, "x")))
    end
  end
  line("parameters", count)
  return true
end

return info
