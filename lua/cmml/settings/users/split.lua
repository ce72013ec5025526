--- Splits of a data set by users: whom to learn from, to choose by, and to test on.
--
-- @classmod cmml.users.Dataset
local args = require "cmml.base.args"
local base = require "cmml.base.shared_options"
local sets = require "cmml.base.options"
local plain = require "cmml.base.plain"
local raise = args.error
local raw_ids = require "cmml.data.raw_ids"
local populations = require "cmml.settings.users.populations"
local shared = require "cmml.settings.users.shared_options"

local known = sets.declare("Dataset:split", {
  sets.changed(shared.test_users, { name = "test" }),
  shared.valid,
  base.seed,
  populations.option,
})

return function(cmml, use)
  use "settings.users.dataset"
  local core, Dataset = cmml.core, cmml.users.Dataset

  -- A list of raw user ids from a file, one a line, and their line numbers.
  local function read_users(path)
    local text, message = core.read_file(path, true)
    if not text then
      return nil, message
    end
    local list, lines, n = {}, {}, 0
    for line in text:gmatch("[^\n]*") do
      local name = line:match("^%s*(.-)%s*$")
      n = n + 1
      if name ~= "" then
        list[#list + 1], lines[#lines + 1] = name, n
      end
    end
    return list, lines
  end

  -- Rows of the users named; those that are not in the data are an error.
  local function rows_of(self, names, path, lines)
    local rows, seen = {}, {}
    for i, name in ipairs(names) do
      local row = raw_ids.find(self.users, name, 3, "split: test, entry %d", i)
      if not row then
        return nil, ("split: %s, %s %d: there is no user %s in %s"):format(path or "test",
          path and "line" or "entry", path and lines[i] or i, args.shown(name), self.name)
      end
      if not seen[row] then
        rows[#rows + 1], seen[row] = row, true
      end
    end
    return rows
  end

  -- Rows in random order; `choice` tells the choices of one split apart.
  local function shuffled(rows, seed, choice)
    local order = core.choose(#rows, #rows, { seed = seed, epoch = choice,
      stream = core.streams.split }):totable()
    local result = {}
    for i, at in ipairs(order) do
      result[i] = rows[at]
    end
    return result
  end

  -- Who is tested where nothing is said: the users of the list that the data come with, or else
  -- some of all.
  local function default_test(self)
    local listed = self.folder and self.folder .. "/test_users.txt"
    return listed and core.exists(listed) and listed or 0.2
  end

  -- The rows of the test users, however they were given.
  local function test_rows(self, test, rated, seed)
    if type(test) == "number" then
      if not (test >= 0 and test < 1) then
        raise(plain.format("Dataset:split: test must be a fraction from 0 to below 1, but is %g",
          test), 3)
      end
      return table.move(shuffled(rated, seed, 0), 1, math.floor(test * #rated), 1, {})
    elseif type(test) == "string" then
      local names, lines = read_users(test)
      if not names then
        return nil, lines
      end
      return rows_of(self, names, test, lines)
    end
    return rows_of(self, test)
  end

  -- The rows of those of a list who take part.
  local function taking_part(rows, lengths, population)
    local some = {}
    for _, row in ipairs(rows) do
      some[#some + 1] = populations.has(population, lengths[row]) and row or nil
    end
    return some
  end

  --- Splits the users with ratings into those to learn from, to choose by, and to test on.
  -- @tparam[opt] table options see below
  -- @treturn ?table train, valid, test: lists of user rows; left_out (with a population other than
  -- all): people, fewer, more, test, how many do not take part; nil if the file cannot be used
  -- @treturn ?string message
  function Dataset:split(options)
    local opt = known:check(options)
    local lengths, counts, rated = self.ratings.users:totable(), {}, {}
    for row, length in ipairs(lengths) do
      counts[#counts + 1] = length > 0 and length or nil
      rated[#rated + 1] = length > 0 and populations.has(opt.population, length) and row or nil
    end
    local asked, message = test_rows(self, opt.test or default_test(self), rated, opt.seed)
    if not asked then
      return nil, message
    end
    local test = taking_part(asked, lengths, opt.population)
    local is_test, others = {}, {}
    for _, row in ipairs(test) do
      is_test[row] = true
    end
    for _, row in ipairs(rated) do
      others[#others + 1] = not is_test[row] and row or nil
    end
    local mixed, n = shuffled(others, opt.seed, 1), math.floor(opt.valid * #others)
    local split = { valid = table.move(mixed, 1, n, 1, {}), test = test,
      train = table.move(mixed, n + 1, #mixed, 1, {}) }
    for _, rows in pairs(split) do
      plain.sort(rows)
    end
    if populations.title(opt.population) then
      split.left_out = populations.count(opt.population, counts)
      split.left_out.test = #asked - #test
    end
    return split
  end
end
