--- `cmml recommend`: adapt to a person and recommend.
--
-- @module cmml.cli.recommend
local common = require "cmml.cli.common"

local recommend = {
  summary = "adapt a model to a person and recommend",
  usage = "cmml recommend --model FILE [--support FILE | --rate ITEM=RATING,..] [OPTIONS]",
  options = {
    { name = "model", kind = "string", arg = "FILE", required = true, help = "model file" },
    { name = "support", kind = "string", arg = "FILE",
      help = "what the person rated: item and rating a line, with a comma between" },
    { name = "rate", kind = "string", arg = "LIST",
      help = "the same on the command line: 1193=5,661=3" },
    { name = "user", kind = "string", arg = "LIST",
      help = "what is known of the person: gender=F,age=25" },
    { name = "n", kind = "integer", arg = "N", default = 10, help = "how many items" },
    { name = "exclude", kind = "string", arg = "LIST",
      help = "items that shall not come, with commas; those of the support never do" },
    { name = "skip-unknown", kind = "flag",
      help = "leave out items of the support that the model does not know" },
    common.modules_option,
  },
}

-- "a=1,b=2" as a list of {key, value}.
local function pairs_of(text, option)
  local list = {}
  for part in text:gmatch("[^,]+") do
    local key, value = part:match("^%s*(.-)%s*=%s*(.-)%s*$")
    if not key or key == "" then
      return nil, ("--%s: %q is not of the form %s"):format(option, part,
        option == "rate" and "ITEM=RATING" or "NAME=VALUE")
    end
    list[#list + 1] = { key, value }
  end
  return list
end

local function read_support(cmml, values)
  local support = {}
  if values.support then
    local data, message = cmml.core.read_table(values.support, { columns = {
      { name = "item" }, { name = "rating", kind = "number" } } })
    if not data then
      return nil, message
    end
    local item, rating = data.columns.item, data.columns.rating.values
    rating = rating.count > 0 and rating:totable() or {}
    for i, id in ipairs(item.ids:totable()) do
      support[i] = { item.vocab:text(id), rating[i] }
    end
  end
  local rated, message = pairs_of(values.rate or "", "rate")
  if not rated then
    return nil, message
  end
  for _, pair in ipairs(rated) do
    local rating = tonumber(pair[2])
    if not rating then
      return nil, ("--rate: the rating of item %s is %q, not a number"):format(pair[1], pair[2])
    end
    support[#support + 1] = { pair[1], rating }
  end
  local known
  known, message = pairs_of(values.user or "", "user")
  if not known then
    return nil, message
  end
  support.user = {}
  for _, pair in ipairs(known) do
    support.user[pair[1]] = pair[2]
  end
  return support
end

--- Runs the command.
-- @tparam table cmml the library
-- @tparam table values options
-- @treturn ?true
-- @treturn ?string message
function recommend.run(cmml, values)
  local model, message = cmml.load(values.model)
  if not model then
    return nil, message
  end
  local support
  support, message = read_support(cmml, values)
  if not support then
    return nil, message
  end
  local adapted = model:adapt(support, { unknown = values.skip_unknown and "skip" or "error" })
  if #adapted.skipped > 0 then
    io.stderr:write(("left out %d unknown items: %s\n"):format(#adapted.skipped,
      table.concat(adapted.skipped, ", ")))
  end
  local exclude = {}
  for item in (values.exclude or ""):gmatch("[^,]+") do
    exclude[#exclude + 1] = item:match("^%s*(.-)%s*$")
  end
  for i, entry in ipairs(adapted:recommend { n = values.n, exclude = exclude }) do
    print(("%3d  %5.2f  %-8s %s"):format(i, entry.score, entry.item, entry.title))
  end
  return true
end

return recommend
