--- `cmml recommend`: adapt a model to a few interactions, and recommend.
--
-- @module cmml
local plain = require "cmml.base.plain"
local base = require "cmml.base.shared_options"
local columns = require "cmml.data.columns"
local options = require "cmml.base.options"
local output = require "cmml.base.output"
local shared = require "cmml.cli.shared_options"
local text = require "cmml.base.text"

local declared = options.declare("cmml recommend: in every setting", {
  shared.model,
  { name = "support", kind = "string", arg = "FILE", group = "support",
    help = "what the model adapts to. Of users: item and rating a line, with a comma between. Of "
      .. "scenarios: user and item a line, and a third field in all of them or none: 1 (taken) or "
      .. "0 (passed by)" },
  { name = "user", kind = "string", arg = "LIST", group = "support",
    help = "what is known of the person: gender=F,age=25. Of scenarios: id of the user to rank "
      .. "for" },
  { name = "n", kind = "integer", default = 10, from = 0, group = "recommendations",
    unit = "items", help = "number of items" },
  { name = "items", kind = "string", arg = "FILE", group = "recommendations",
    default_text = "all items",
    help = "what to choose from: a file of an item a line, or a list with commas" },
  { name = "exclude", list = "string", may_be_empty = true, repeats = true,
    group = "recommendations", help = "items that shall not be recommended; those that the "
      .. "support says the person has never are" },
  options.changed(base.unknown, { group = "recommendations",
    help = "what happens to items and users that the model does not know; skip: they are left "
      .. "out, and told" }),
})

return function(cmml, use)
  local scale = use "data.scale"
  local check_options = use "cli.check_options"
  local join = use "cli.command".join
  local core = cmml.core

  local function all_sets()
    local sets = { declared }
    for _, setting in cmml.settings:each() do
      sets[#sets + 1] = setting.support_options
    end
    return sets
  end

  local function tell_skipped(what, skipped, count)
    if #skipped > 0 then
      output.tell(("%s: left out %d of %d, unknown to the model: %s%s"):format(what, #skipped,
        count, table.concat(skipped, ", ", 1, math.min(#skipped, 5)),
        #skipped > 5 and ", .." or ""))
    end
  end

  -- The items of a file, or of a list.
  local function read_items(catalogue, given)
    if given == "" or not core.exists(given) then
      if given:find "^[^,]*[./][^,]*$" and not catalogue.items:id(given) then
        return nil, ("--items: there is no file %s"):format(given)
      end
      return text.split(given)
    end
    local data, message = core.read_table(given, { columns = { { name = "item" } } })
    if not data then
      return nil, message
    end
    return columns.texts(data.columns.item)
  end

  -- The items to choose from that the model knows; nil: all of them.
  local function items_of(catalogue, values)
    if not values.items then
      return nil
    end
    local list, message = read_items(catalogue, values.items)
    if not list then
      return nil, message
    elseif #list == 0 then
      return nil, ("--items %s names no item; leave it out to choose from all"):format(values.items)
    end
    local found, skipped = {}, {}
    for _, item in ipairs(list) do
      local there = catalogue.items:id(item)
      if not there and values.unknown ~= "skip" then
        return nil, ("--items: item %s is not among the %d that the model knows; --unknown skip "
          .. "leaves such items out"):format(item, #catalogue.items)
      end
      table.insert(there and found or skipped, item)
    end
    tell_skipped("--items", skipped, #list)
    return found
  end

  -- Raw ids, or entries with raw ids, as texts.
  local function texts_of(list)
    local texts = {}
    for i, entry in ipairs(list) do
      texts[i] = type(entry) == "table" and ("%s=%s"):format(plain.tostring(entry[1]),
        text.plain(entry[2])) or plain.tostring(entry)
    end
    return texts
  end

  -- The first of a list of texts.
  local function some(list)
    return table.concat(list, ", ", 1, math.min(#list, 5)) .. (#list > 5 and ", .." or "")
  end

  local function tell_outside(of, outside, count)
    if #outside > 0 then
      output.tell(("support: %d of %d ratings are outside of the scale that the model was trained "
        .. "on, %s: %s"):format(#outside, count, scale.text(of), some(outside)))
    end
  end

  -- Values of the person that the model does not know.
  local function tell_unknown(told)
    local names = {}
    for name, met in pairs(told) do
      names[#names + 1] = met.unknown and name or nil
    end
    plain.sort(names)
    if #names > 0 then
      output.tell(("user: values that the model does not know, which count as absent, of: %s")
        :format(table.concat(names, ", ")))
    end
  end

  local function run(values)
    local model, message = cmml.load(values.model)
    if not model then
      return nil, message
    end
    local setting = model.setting
    check_options("recommend", { declared, setting.support_options }, all_sets(), values, setting)
    if not setting.read_request then
      return nil, ("%s is for %s, of which the command line recommends nothing"):format(
        values.model, setting.title)
    end
    local support, opt = setting.read_request(model, values)
    if not support then
      return nil, opt
    end
    local items
    items, message = items_of(model.catalogue, values)
    if message then
      return nil, message
    end
    local adapted = model:adapt(support, { unknown = values.unknown, strict = values.strict })
    tell_skipped("support", texts_of(adapted.skipped), #support)
    tell_unknown(adapted.told)
    tell_outside(model.catalogue.scale, texts_of(adapted.outside), #support)
    opt.n, opt.items, opt.exclude = values.n, items, values.exclude
    local list, widest = adapted:recommend(opt), 8
    for _, entry in ipairs(list) do
      entry.item, entry.title = text.one_line(entry.item), text.one_line(entry.title)
      widest = math.max(widest, #entry.item)
    end
    for i, entry in ipairs(list) do
      local stars = scale.clip(model.catalogue.scale, entry.score)
      output.print(plain.format("%3d  %5.2f  %s%s %s", i, stars, entry.item,
        (" "):rep(widest - #entry.item), entry.title))
    end
    if #list == 0 and values.n > 0 then
      output.tell "there is no item left to recommend"
    end
    return true
  end

  cmml.command {
    name = "recommend", summary = "adapt a model to a person, or to a scenario, and recommend",
    usage = "cmml recommend --model FILE [OPTIONS]", run = run,
    options = function()
      return join(all_sets())
    end,
    examples = { "cmml recommend --model films.safetensors --rate 1193=5,661=3",
      "cmml recommend --model tags.safetensors --user 2 --liked 51,4=52" },
  }
end
