--- `cmml info`: what is in a model file.
--
-- @module cmml.cli.info
local common = require "cmml.cli.common"
local json = require "cmml.json"

local info = {
  summary = "tell what is in a model file",
  usage = "cmml info --model FILE [--parameters]",
  options = {
    { name = "model", kind = "string", arg = "FILE", required = true, help = "model file" },
    { name = "parameters", kind = "flag", help = "list every parameter with its shape" },
    common.modules_option,
  },
}

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
  line("items", #model.catalogue.items)
  for _, side in ipairs { "item", "user" } do
    local fields = {}
    for i, field in ipairs(model.catalogue:fields(side)) do
      fields[i] = ("%s (%d)"):format(field.name, field.size)
    end
    line(side .. " fields", #fields > 0 and table.concat(fields, ", ") or "none")
  end
  for _, key in ipairs { "options", "notes" } do
    local plain = key == "options" and model.options or found.notes or {}
    local names = {}
    for name in pairs(plain) do
      if name ~= "state" then
        names[#names + 1] = name
      end
    end
    table.sort(names)
    for i, name in ipairs(names) do
      local text = json.encode(plain[name])
      if #text > 60 then
        text = ("%s.. (%d values)"):format(text:sub(1, 40), #plain[name])
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
