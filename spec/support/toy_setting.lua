--- A third setting, as a user declares it from a file of one's own: counting. A task is somebody
-- who counts in steps of an own width, round a clock of numbers; a model sees some of the numbers
-- that were said (label 1) and some that were not (0), and has to tell others.
--
-- Data are {name, numbers = Vocab, counters = list of {name, first, step, length}}; the loader
-- reads them from counting.txt, a line a counter: "ann 3 5 8".
--
-- Requiring this file declares the setting, its loader and the toy kinds for it.
local cmml = require "cmml"
local toys = require "spec.support.toy_kinds"
local core = cmml.core

local clock = 24 -- numbers 1 to 24

local function data_of(name, counters)
  local numbers = core.vocab()
  for i = 1, clock do
    numbers:add("n" .. i)
  end
  return { name = name, numbers = numbers, counters = counters }
end

-- What a counter says, in order.
local function said_by(counter)
  local list = {}
  for i = 1, counter.length do
    list[i] = (counter.first + (i - 1) * counter.step - 1) % clock + 1
  end
  return list
end

-- Tasks ------------------------------------------------------------------------------------------

local Tasks = { setting = "counting" }
Tasks.__index = Tasks

function Tasks.new(options)
  return setmetatable(options, Tasks)
end

function Tasks:count()
  return math.ceil(#self.who / self.batch)
end

function Tasks:people()
  local first = 1
  return function()
    if first <= #self.who then
      local last = math.min(first + self.batch - 1, #self.who)
      local list = table.move(self.who, first, last, 1, {})
      first = last + 1
      return list
    end
  end
end

-- Half of what a counter says and as many numbers that it does not say are shown, in turns; the
-- others are asked for. Where the halves begin depends on seed, draw and counter alone.
function Tasks:draw(draw, people)
  local parts = {}
  for _, part in ipairs { "support", "query" } do
    parts[part] = { lengths = {}, items = {}, labels = {} }
  end
  for t, number in ipairs(people) do
    local said, is_said, not_said = said_by(self.counters[number]), {}, {}
    for _, item in ipairs(said) do
      is_said[item] = true
    end
    for item = 1, clock do
      not_said[#not_said + 1] = not is_said[item] and item or nil
    end
    local turn = self.seed * 7 + draw * 5 + number * 3
    for part, rows in pairs(parts) do
      local before = #rows.items
      for i = 1, self[part] do
        local at = turn + i * 2 + (part == "query" and 1 or 0)
        local list = i % 2 == 1 and said or not_said
        rows.items[#rows.items + 1] = list[at % #list + 1]
        rows.labels[#rows.labels + 1] = i % 2
      end
      rows.lengths[t] = #rows.items - before
    end
  end
  return { support = cmml.data.rows(parts.support), query = cmml.data.rows(parts.query) }
end

function Tasks:batches(draw)
  local people = self:people()
  return function()
    local list = people()
    return list and self:draw(draw, list)
  end
end

function Tasks:export()
  return { counters = self.counters, who = {}, batch = self.batch, seed = self.seed,
    support = self.support, query = self.query }
end

function Tasks:evaluation()
  return { binary = true, defaults = { draws = 2, cutoffs = { 1 }, metrics = { "auc", "ndcg" } },
    batches = function(draw)
      local at, batches = 0, self:batches(draw)
      return function()
        local batch, given = batches(), false
        return batch and { support = function()
          return batch.support
        end, next = function()
          if not given then
            given, at = true, at + #batch.query.segments
            return batch.query, at - #batch.query.segments
          end
        end }
      end
    end }
end

-- Where the tasks of a training come from --------------------------------------------------------

local Source = { training = { lr = 0.01, batch = 4, support = 6, query = 6 },
  defaults = { valid_draws = 1, batch = 4, support = 6, query = 6 }, metrics = { { "auc", "auc" } },
  monitored = "auc", learners = "training counters" }
Source.__index = Source

function Source:make(who, opt)
  return Tasks.new { counters = self.split.data.counters, who = who, batch = opt.batch,
    support = opt.support, query = opt.query, seed = opt.seed }
end

function Source:tasks(opt)
  return self:make(self.split.train, opt)
end

function Source:validation(opt)
  return self:make(self.split.valid, opt), { draws = opt.valid_draws, metrics = { "auc" } }
end

function Source:conditions()
  return { counters = #self.split.data.counters }
end

-- The setting ------------------------------------------------------------------------------------

cmml.setting {
  name = "counting", title = "people who count", noun = { "counter", "counters" }, rank = 3,
  protocols = { { name = "held-out", help = "some counters are never seen in training" } },
  defaults = { valid = 0.2, data_seed = 1 }, quick_budget = { epochs = 2, patience = 0 },
  options = { { name = "max_step", kind = "integer", from = 1, group = "data",
    help = "widest step of a counter", default_text = "all" } },
  training_options = { { name = "patience_of_counters", kind = "integer", from = 0, decides = true,
    help = "an option that this setting alone has, for specs" },
    { name = "pace", kind = "integer", from = 0, default = 2, help = "one that has a default" } },

  read = function(folders, opt)
    local counters = {}
    for _, entry in ipairs(folders) do
      local data, message = entry.loader.read(entry.folder, { max_step = opt.max_step })
      if not data then
        return nil, message
      end
      table.move(data.counters, 1, #data.counters, #counters + 1, counters)
    end
    return data_of(folders[1].folder, counters)
  end,
  made = function()
    local counters = {}
    for i = 1, 20 do
      counters[i] = { name = "c" .. i, first = i % 7 + 1, step = i % 3 == 0 and 2 or 3,
        length = 8 }
    end
    return data_of("made", counters)
  end,

  -- Every fifth counter is tested on, from the one that the seed says.
  split = function(data, opt)
    local split = { data = data, setting = "counting", protocol = opt.protocol, train = {},
      valid = {}, test = {}, options = { data_seed = opt.data_seed, valid = opt.valid } }
    for i = 1, #data.counters do
      local part = (i + opt.data_seed) % 5 == 0 and split.test
        or #split.valid < opt.valid * #data.counters and i % 2 == 0 and split.valid or split.train
      part[#part + 1] = i
    end
    if #split.test == 0 then
      return nil, ("there are too few counters to test on: %d"):format(#data.counters)
    end
    local schema, records = cmml.data.schema {}, {}
    split.catalogue = cmml.data.catalogue { setting = "counting", schema = schema,
      items = data.numbers, item_records = records, seen_items = records, user_records = {} }
    return split
  end,
  catalogue = function(split)
    return split.catalogue
  end,
  learnable = function(split)
    local lengths, items = {}, {}
    for i, counter in ipairs(split.data.counters) do
      lengths[i] = counter.length
      table.move(said_by(counter), 1, counter.length, #items + 1, items)
    end
    return { ratings = { users = core.segments(lengths), items = core.ids(items) },
      users = split.train }
  end,
  conditions = function(split)
    return { setting = "counting", data_seed = split.options.data_seed,
      valid = split.options.valid, protocol = split.protocol }
  end,
  noted = { data_seed = "integer?", valid = "number?", protocol = "string?" },
  summary = function(split)
    return ("%d counters"):format(#split.data.counters)
  end,

  source = function(model, split)
    assert(split.setting == "counting", "train: a split of counters was expected")
    return setmetatable({ split = split, count = #split.train, validates = #split.valid > 0,
      model = model }, Source)
  end,
  make_tasks = Tasks.new,
  evaluations = function(split, opt)
    return { { name = "counters", leaky = false, tasks = Tasks.new { counters = split.data.counters,
      who = split.test, batch = 8, support = 6, query = 6, seed = opt.seed or 1 },
      options = { draws = opt.draws, cutoffs = opt.cutoffs, metrics = opt.metrics } } }
  end,
  report = function(found, titles, _, opt)
    local names = cmml.metrics.full_names(found[1].results[1], opt.metrics or { "auc", "ndcg" })
    return cmml.metrics.format_columns(titles, found[1].results, names)
  end,
  columns = function(_, opt)
    local metrics = {}
    for i, name in ipairs(opt.metrics or { "auc" }) do
      metrics[i] = { name = "counters/" .. name, base = name, head = name }
    end
    return { { title = "counters", metrics = metrics } }
  end,
  values = function(_, results)
    local metrics = {}
    for name, metric in pairs(results[1]) do
      metrics["counters/" .. name] = metric.values
    end
    return { metrics = metrics }
  end,

  -- A support is a list of {number, 1 or 0}.
  read_support = function(model, given, opt)
    local items, labels, skipped, said = {}, {}, {}, {}
    for i, entry in ipairs(given) do
      local row = model.catalogue.items:id(entry[1])
      if row then
        items[#items + 1], labels[#labels + 1] = row, entry[2]
        said[row] = entry[2] == 1 or nil
      elseif opt.unknown == "skip" then
        skipped[#skipped + 1] = entry[1]
      else
        error(("adapt: entry %d: %s is no number of the clock"):format(i, tostring(entry[1])), 0)
      end
    end
    return { rows = cmml.data.rows { lengths = { #items }, items = items, labels = labels },
      skipped = skipped, taken = function()
        return said
      end, list = function(list)
        return cmml.data.rows { lengths = { #list }, items = list }
      end }
  end,
  support_options = { { name = "said", list = "string", may_be_empty = true, arg = "LIST",
    help = "numbers that were said: n3,n8" } },
  read_request = function(_, values)
    local given = {}
    for i, number in ipairs(values.said or {}) do
      given[i] = { number, 1 }
    end
    return given, {}
  end,
  describe = function(line, catalogue)
    line("numbers", #catalogue.items)
  end,
}

cmml.loader {
  name = "counting", setting = "counting", title = "people who count (counting.txt)",
  marks = { "counting.txt" }, options = { "max_step" },
  read = function(folder, opt)
    local text, message = core.read_file(folder .. "/counting.txt")
    if not text then
      return nil, message
    end
    local counters = {}
    for name, first, step, length in text:gmatch "(%S+) (%d+) (%d+) (%d+)\n" do
      if not opt.max_step or tonumber(step) <= opt.max_step then
        counters[#counters + 1] = { name = name, first = math.tointeger(first),
          step = math.tointeger(step), length = math.tointeger(length) }
      end
    end
    if #counters == 0 then
      return nil, folder .. "/counting.txt has no counter"
    end
    return data_of(folder, counters)
  end,
}

toys.declare(cmml, { "counting" })

return { tasks = Tasks.new, said_by = said_by }
