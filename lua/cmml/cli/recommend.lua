--- `cmml recommend`: adapt a model to a few interactions, and recommend.
--
-- @module cmml
local plain = require "cmml.base.plain"
local base = require "cmml.base.shared_options"
local diverged = require "cmml.evaluate.diverged"
local columns = require "cmml.data.columns"
local file_options = require "cmml.data.file_options"
local options = require "cmml.base.options"
local output = require "cmml.base.output"
local progress = require "cmml.base.progress"
local shared = require "cmml.cli.shared_options"
local shown = require "cmml.cli.shown_lists"
local text = require "cmml.base.text"
local why = require "cmml.cli.why"

-- Where the people of --users have their ratings from, beside the folder of --data: of a file of
-- one's own what a support is made of.
local of_files = {}
for i, option in ipairs(file_options.of_ratings) do
  of_files[i] = options.changed(option, { short = false, group = option.group == "data"
    and "support" or option.group })
end

local declared = options.declare("cmml recommend: in every setting", {
  shared.model,
  { name = "users", kind = "string", arg = "FILE", group = "support",
    help = "recommend for many: a file of an id a line, or all. They are people of --data, of "
      .. "--ratings, or of a --support with user, item and rating a line, by their ratings; of "
      .. "scenarios users that the model knows" },
  options.changed(shared.data, { required = false, instead = false, short = false,
    group = "support", help = "folder of ratings, or its name in data/, whose people --users "
      .. "names" }),
  { name = "support", kind = "string", arg = "FILE", group = "support",
    help = "what the model adapts to. Of users: item and rating a line, with a comma between. Of "
      .. "scenarios: user and item a line, and a third field in all of them or none: 1 (taken) or "
      .. "0 (passed by). Of sequences: an item a line, in order" },
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
  { name = "why", kind = "boolean", default = false, group = "recommendations",
    help = "show below each item which of the support carried it, with shares of all that speaks "
      .. "for it, and of ratings how much the support adds in all to the one expected of somebody "
      .. "new; csv and json have all of it as columns" },
  options.changed(base.unknown, { group = "recommendations",
    help = "what happens to items and users that the model does not know; skip: they are left "
      .. "out, and told, as with --users they always are unless error is given" }),
  shared.out, shared.format, shared.quiet, table.unpack(of_files),
})

return function(cmml, use)
  local scale = use "data.scale"
  local check_options = use "cli.check_options"
  local join = use "cli.command".join
  local pipeline = use "pipeline.data"
  local record_file = use "data.record_file"
  local results = use "cli.results"
  local tell = use "cli.tell"
  local core = cmml.core

  local function all_sets()
    local sets = { declared }
    for _, setting in cmml.settings:each() do
      sets[#sets + 1] = setting.support_options
    end
    return sets
  end

  -- The first of a list of texts.
  local function some(list)
    return table.concat(list, ", ", 1, math.min(#list, 5)) .. (#list > 5 and ", .." or "")
  end

  local function tell_skipped(what, skipped, count, reason)
    if #skipped > 0 then
      output.tell(("%s: left out %d of %d, %s: %s"):format(what, #skipped, count,
        reason or "unknown to the model", some(skipped)))
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
    local data, message = record_file.read(given, { { name = "item", id = true } })
    if not data then
      return nil, message
    end
    return columns.texts(data.columns.item)
  end

  -- The items to choose from that the model knows, nil: all of them; and how many others are left
  -- out, if that is wanted.
  local function items_of(catalogue, values, skip)
    local excluded = {}
    for _, item in ipairs(values.exclude or {}) do
      excluded[#excluded + 1] = not catalogue.items:id(item) and item or nil
    end
    tell_skipped("--exclude", excluded, #(values.exclude or {}))
    if not values.items then
      return nil, nil, 0
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
      if not there and not skip then
        return nil, ("--items: item %s is not among the %d that the model knows; --unknown skip "
          .. "leaves such items out"):format(item, #catalogue.items)
      end
      table.insert(there and found or skipped, item)
    end
    tell_skipped("--items", skipped, #list)
    return found, nil, #skipped
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

  local function tell_outside(of, outside, count, which)
    if outside > 0 then
      output.tell(("support: %d of %d ratings are outside of the scale that the model was trained "
        .. "on, %s%s"):format(outside, count, scale.text(of), which and ": " .. some(which) or ""))
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

  -- On how many supports the steps of a model diverged, if on any.
  local function tell_diverged(model, count, of)
    local told = diverged.text(model.title, { count = count, of = of })
    if told then
      output.tell(told)
    end
  end

  -- Recommends for one person, or one user of a scenario.
  local function for_one(model, setting, values)
    local support, opt = setting.read_request(model, values)
    if not support then
      return nil, opt
    end
    local items, message, left_out = items_of(model.catalogue, values, values.unknown == "skip")
    if message then
      return nil, message
    end
    local adapted = model:adapt(support, { unknown = values.unknown, strict = values.strict })
    tell_skipped("support", texts_of(adapted.skipped), #support)
    tell_unknown(adapted.told)
    tell_outside(model.catalogue.scale, #adapted.outside, #support, texts_of(adapted.outside))
    if values.why and #adapted.rows.items == 0 then
      output.tell("--why: nothing of the support is known to the model: this is the list of "
        .. "somebody new")
    elseif model:lister().predicts == "ranking" and (adapted.lists or adapted).counting == 0 then
      local least = model.catalogue.relevant
      output.tell(("%s: this is the list of somebody new"):format(
        least and plain.format("nothing of the support is relevant (%g or higher)", least)
        or #adapted.rows.items == 0 and "the support is empty"
        or "nothing of the support counts"))
    end
    tell_diverged(model, adapted.diverged and 1 or 0, 1)
    opt.n, opt.items, opt.exclude = values.n, items, values.exclude
    local list, noted = adapted:recommend(opt), { count = 0, of = 0 }
    if values.why then
      why.attach(list, function(of)
        return adapted:explain(of, { user = opt.user })
      end, noted)
      why.tell(model, noted)
    end
    if #list == 0 and values.n > 0 then
      output.tell "there is no item left to recommend"
    end
    return results.write(values, { name = "recommendations", facts = { { "model", model.title },
      { "support_left_out", #adapted.skipped }, { "items_left_out", left_out } },
      tables = { { name = "recommendations", columns = shown.columns(values.why, false, model),
        rows = shown.rows(list) } },
      text = function()
        return #list > 0 and table.concat(shown.lines(model, list), "\n") or nil
      end })
  end

  -- The ids that --users names; nil: all.
  local function wanted_of(values)
    if values.users == "all" then
      return nil
    end
    local data, message = record_file.read(values.users, { { name = "user", id = true } })
    if not data then
      return nil, "--users: " .. message
    end
    local list, seen = {}, {}
    for _, id in ipairs(columns.texts(data.columns.user)) do
      list[#list + 1] = not seen[id] and id or nil
      seen[id] = true
    end
    return list
  end

  -- An iterator over the lists of all people, some of them at a time: id and list, false where the
  -- scores are not finite numbers.
  local function each_list(requests, opt, show)
    local lists, first, at = {}, 1, 0
    return function()
      at = at + 1
      if at > #lists then
        first, at = first + #lists, 1
        local last = math.min(first + 255, #requests.ids)
        lists = first <= last and requests.lists(first, last, opt) or {}
        for i, list in ipairs(opt.why and lists or {}) do
          local _ = list and why.attach(list, function(of)
            return requests.explain(first + i - 1, of)
          end, opt.why)
        end
        show(math.min(last, #requests.ids), #requests.ids)
      end
      return lists[at] ~= nil and requests.ids[first + at - 1] or nil, lists[at]
    end
  end

  -- What was left out, in lines on the standard error.
  local function tell_requests(model, requests, bad)
    tell_skipped("--users", requests.unknown, #requests.ids + #requests.unknown,
      "of whom there is nothing")
    if requests.skipped > 0 then
      output.tell(("support: left out %d of %d entries, of items or users that the model does not "
        .. "know"):format(requests.skipped, requests.given))
    end
    tell_outside(model.catalogue.scale, requests.outside, requests.given)
    if requests.empty > 0 then
      output.tell(("%d of %d people have no support left: theirs is the list of somebody new")
        :format(requests.empty, #requests.ids))
    end
    tell_diverged(model, requests.diverged, requests.supports or #requests.ids)
    if #bad > 0 then
      output.tell(("%d of %d people have no list, as their scores are not finite numbers: %s")
        :format(#bad, #requests.ids, some(bad)))
    end
  end

  -- Recommends for many.
  local function for_many(model, setting, values)
    local wanted, message = wanted_of(values)
    if message then
      return nil, message
    elseif not setting.read_requests then
      return nil, ("--users: %s is for %s, of which one list at a time is recommended"):format(
        values.model, setting.title)
    end
    local opt = { data = values.data }
    for _, option in ipairs(of_files) do
      opt[option.name] = values[option.name]
    end
    local source = pipeline.source("recommend", opt, "--")
    local data = source and pipeline.read(setting, source, opt) or nil
    if data and not values.quiet then
      tell(data)
    end
    local requests, items, left_out
    requests, message = setting.read_requests(model, values, data, wanted)
    if not requests then
      return nil, message
    elseif #requests.ids == 0 then
      return nil, ("--users: none of the %d people is known"):format(#requests.unknown)
    end
    local strict = rawget(values, "unknown") == "error"
    items, message, left_out = items_of(model.catalogue, values, not strict)
    if message then
      return nil, message
    end
    if strict and #requests.unknown > 0 then
      return nil, ("--users: %s is not known; --unknown skip leaves such people out"):format(
        requests.unknown[1])
    end
    local show = progress.evaluating(core, "recommendations", values.quiet, "made")
    local noted = { count = 0, of = 0 }
    local next_list, bad = each_list(requests, { n = values.n, items = items,
      exclude = values.exclude, unknown = strict and "error" or "skip",
      why = values.why and noted }, show.on_task), {}
    local rows, at = {}, 0
    local function next_row()
      at = at + 1
      while at > #rows do
        local id, list = next_list()
        if not id then
          return nil
        end
        bad[#bad + 1] = not list and id or nil
        rows, at = shown.rows(list or {}, id), 1
      end
      return rows[at]
    end
    local ok
    ok, message = results.write(values, { name = "recommendations", facts = function()
      return { { "model", model.title }, { "people", #requests.ids }, { "unknown",
        #requests.unknown }, { "support_left_out", requests.skipped }, { "items_left_out",
        left_out }, { "outside_of_scale", requests.outside }, { "without_support",
        requests.empty }, { "diverged", requests.diverged }, { "not_finite", #bad } }
    end, tables = { { name = "recommendations", columns = shown.columns(values.why, true, model),
      rows = next_row } }, text = function()
      return nil, function()
        local id, list = next_list()
        bad[#bad + 1] = id and not list and id or nil
        return id and table.concat({ text.one_line(id),
          table.unpack(shown.lines(model, list or {})) }, "\n")
      end
    end })
    show.finish()
    if ok then
      tell_requests(model, requests, bad)
      why.tell(model, noted)
    end
    return ok, message
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
    elseif not values.users and (values.data or values.ratings) then
      return nil, ("--%s is for --users, which says whom of its people to recommend for"):format(
        values.data and "data" or "ratings")
    end
    return (values.users and for_many or for_one)(model, setting, values)
  end

  cmml.command {
    name = "recommend", summary = "adapt a model to a person, or to a scenario, and recommend",
    usage = "cmml recommend --model FILE [OPTIONS]", run = run,
    options = function()
      return join(all_sets())
    end,
    examples = { "cmml recommend --model films.safetensors --rate 1193=5,661=3",
      "cmml recommend --model films.safetensors --data ml-1m --users all",
      "cmml recommend --model tags.safetensors --user 2 --liked 51,4=52" },
  }
end
