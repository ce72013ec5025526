--- `cmml recommend`: adapt to a person, or to a scenario, and recommend.
--
-- @module cmml.cli.recommend
local common = require "cmml.cli.common"
local recommend_scenario = require "cmml.cli.recommend_scenario"
local scenarios = require "cmml.cli.scenarios"

local recommend = {
  summary = "adapt a model to a person, or to a scenario, and recommend",
  usage = "cmml recommend --model FILE [--support FILE | --rate ITEM=RATING,..] [OPTIONS], or of "
    .. "scenarios --model FILE --user ID [--support FILE | --liked LIST] [--items FILE] [OPTIONS]",
  options = {
    { name = "model", kind = "string", arg = "FILE", required = true, help = "model file" },
    { name = "support", kind = "string", arg = "FILE",
      help = "what the person rated: item and rating a line, with a comma between; of a scenario "
        .. "who took what in it: user and item a line, and a third field in all of them or none: "
        .. "1 (taken) or 0 (passed by)" },
    { name = "rate", kind = "string", arg = "LIST", setting = "user",
      help = "user setting: the same on the command line: 1193=5,661=3" },
    { name = "liked", kind = "string", arg = "LIST", setting = "scenario",
      help = "scenario setting: the same, as USER=ITEM: 7=120,9=66; an item alone was taken by "
        .. "--user" },
    { name = "user", kind = "string", arg = "LIST",
      help = "what is known of the person: gender=F,age=25; of scenarios the id of the user to "
        .. "rank for" },
    { name = "items", kind = "string", arg = "FILE", setting = "scenario",
      help = "scenario setting: its items, one a line, or a list with commas: what to choose from "
        .. "[default: all items]" },
    { name = "n", kind = "integer", arg = "N", default = 10, help = "how many items" },
    { name = "exclude", kind = "string", arg = "LIST",
      help = "items that shall not come, with commas; those that the support says the person has "
        .. "never do" },
    { name = "skip-unknown", kind = "flag",
      help = "leave out what the model does not know: items, and users of the support" },
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

-- What a model of users recommends.
local function run_user(cmml, values, model)
  local support, message = read_support(cmml, values)
  if not support then
    return nil, message
  end
  local adapted = model:adapt(support, { unknown = values.skip_unknown and "skip" or "error" })
  if #adapted.skipped > 0 then
    io.stderr:write(("left out %d unknown items: %s\n"):format(#adapted.skipped,
      table.concat(adapted.skipped, ", ")))
  end
  return adapted:recommend { n = values.n, exclude = common.ids_of(values.exclude) }
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
  local setting = model.setting or "user"
  local ok
  ok, message = scenarios.check_options(cmml, recommend, values, setting, values.model)
  if not ok then
    return nil, message
  end
  local list
  list, message = (setting == "user" and run_user or recommend_scenario.run)(cmml, values, model)
  if not list then
    return nil, message
  end
  local widest = 8
  for _, entry in ipairs(list) do
    widest = math.max(widest, #entry.item)
  end
  for i, entry in ipairs(list) do
    print(("%3d  %5.2f  %s%s %s"):format(i, entry.score, entry.item,
      (" "):rep(widest - #entry.item), entry.title))
  end
  if #list == 0 and values.n > 0 then
    io.stderr:write("there is no item left to recommend\n")
  end
  return true
end

return recommend
