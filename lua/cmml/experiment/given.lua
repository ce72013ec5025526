--- What the caller of an experiment or of `cmml.tune` gives, checked before anything runs.
--
-- @module cmml.experiment.given
local args = require "cmml.base.args"
local files = require "cmml.settings.scenarios.filters"

local given = {}

--- The option of protocols, of which experiments in either setting have one.
given.protocol_option = { name = "protocol", kind = "string", arg = "LIST", list = true,
  help = "user setting: of full, capped, warm, warm-leaky, melu [default: full,capped for users, "
    .. "else full]; scenario setting: no-leak or published [default: no-leak]" }

-- What all experiments have, beside options of their own.
local common = {
  { name = "data", kind = "string", list = true },
  { name = "seeds", kind = "integer", default = 5 },
  { name = "epochs", kind = "integer" }, { name = "patience", kind = "integer" },
  { name = "batch", kind = "integer" }, { name = "lr", kind = "number" },
  { name = "draws", kind = "integer" }, { name = "valid", kind = "number" },
  { name = "data_seed", kind = "integer" },
  { name = "budget", kind = "string", default = "default" },
  { name = "quick", kind = "boolean", default = false },
  { name = "metrics", kind = "string", list = true },
  { name = "resamples", kind = "integer", default = 10000 },
  { name = "out", kind = "string" }, { name = "jobs", kind = "integer", default = 1 },
  { name = "processes", kind = "boolean" },
  { name = "modules", kind = "string", list = true, may_be_empty = true },
  { name = "load", kind = "string", list = true, may_be_empty = true },
  { name = "quiet", kind = "boolean", default = true },
}

-- The least and the most of numbers, by option; of whole ones, unless a bound is below or above.
local bounds = {
  seeds = { 1, 1000 }, jobs = { 1, 1000 }, resamples = { 1, 1000000 }, draws = { 1, 1000 },
  epochs = { 0 }, patience = { 0 }, batch = { 1 }, data_seed = { 0 }, factors = { 1, 4096 },
  min_items = { 1 }, max_items = { 1 }, cap = { 1 }, groups = { 1 }, supports = { 0 },
  trials = { 1, 100000 }, seed = { 0 }, train_seed = { 0 }, best = { 1 },
}

-- The filters of scenarios; each may leave the other at its default.
local function check_filters(what, opt)
  local defaults = opt.data and files.defaults or { min_items = 10, max_items = 100 }
  local least, most = opt.min_items or defaults.min_items, opt.max_items or defaults.max_items
  if least > most then
    error(("%s: min_items (%d) must not be above max_items (%d)"):format(what, least, most), 0)
  end
end

-- What texts may be, by option.
local choices = {
  budget = { "default", "published" }, setting = { "user", "scenario" },
  vectors = { "als", "bpr" }, by = files.ways,
}

local function check_number(what, key, value)
  local least, most = table.unpack(bounds[key])
  if value < least or most and value > most then
    error(("%s: %s must be %s, but is %d"):format(what, key, most
      and ("from %d to %d"):format(least, most) or ("at least %d"):format(least), value), 0)
  end
end

--- Raises, without a position, unless every value is one that the option may have.
-- @tparam string what is called, for messages
-- @tparam table opt values by name, of the right types; lists of whole numbers count one by one
function given.check(what, opt)
  for _, key in ipairs(args.keys(bounds)) do
    for _, value in ipairs(type(opt[key]) == "table" and opt[key] or { opt[key] }) do
      check_number(what, key, value)
    end
  end
  for _, key in ipairs(args.keys(choices)) do
    if opt[key] ~= nil then
      args.one_of(what .. ": " .. key, opt[key], choices[key], 0)
    end
  end
  check_filters(what, opt)
  if opt.lr and not (opt.lr > 0 and opt.lr < math.huge) then
    error(("%s: lr must be above 0, but is %g"):format(what, opt.lr), 0)
  elseif opt.valid and not (opt.valid >= 0 and opt.valid < 1) then
    error(("%s: valid is a share from 0 to below 1, but is %g"):format(what, opt.valid), 0)
  elseif opt.out == "" then
    error(what .. ": out is the path of a folder, but is empty", 0)
  end
end

-- "a,b" or a list as a list.
local function list_of(what, value, option)
  local list, seen = {}, {}
  if type(value) == "table" then
    table.move(value, 1, #value, 1, list)
  elseif type(value) == "string" then
    for word in value:gmatch "[^,]+" do
      list[#list + 1] = word:match "^%s*(.-)%s*$"
    end
  else
    error(("%s must be a list, not %s"):format(what, tostring(value)), 0)
  end
  for i, entry in ipairs(list) do
    if option.list == "integer" then
      list[i] = math.tointeger(tonumber(entry))
        or error(("%s: %s is no whole number"):format(what, tostring(entry)), 0)
    elseif type(entry) ~= "string" or entry == "" then
      error(("%s must be texts, not %s"):format(what, tostring(entry)), 0)
    end
    if seen[list[i]] then
      error(("%s: %s is there twice"):format(what, tostring(entry)), 0)
    end
    seen[list[i]] = true
  end
  if #list == 0 and not option.may_be_empty then
    error(what .. " names nothing: leave it out, or name at least one", 0)
  end
  return list
end

local function read(what, module, options)
  local known, lists = {}, {}
  for _, list in ipairs { common, module.options } do
    for _, option in ipairs(list) do
      local key = option.name:gsub("-", "_")
      lists[key] = option.list and option
      local kind = option.list and "any" or option.kind == "flag" and "boolean" or option.kind
      known[key] = option.default ~= nil and { kind, option.default } or kind .. "?"
    end
  end
  local opt = args.check(what, options, known, 0)
  for _, key in ipairs(args.keys(lists)) do
    opt[key] = opt[key] ~= nil and lists[key] and list_of(("%s: %s"):format(what, key), opt[key],
      lists[key]) or opt[key]
  end
  given.check(what, opt)
  if opt.processes == nil then
    opt.processes = opt.jobs > 1
  end
  if opt.processes and not opt.out then
    error(what .. ": cells in processes of their own need out, a folder for their results", 0)
  elseif not opt.data and not opt.quick then
    error(what .. ": option data is missing (or quick, a short run on a small made world)", 0)
  end
  return opt
end

--- The options of an experiment. Raises, without a position, where one is wrong.
-- @tparam string name of the experiment
-- @tparam table module of it
-- @tparam ?table options
-- @treturn table lists as lists, and defaults
function given.read(name, module, options)
  return read("experiment " .. name, module, options)
end

return given
