--- Popularity in the setting users: the same list for everybody, of what most people took.
--
-- @module cmml
local args = require "cmml.base.args"
local time_unit = require "cmml.data.time_unit"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  local fold_in = use "recommenders.fold_in"

  local options = {
    { name = "window", kind = "number", above = 0, unit = "days", group = "model",
      default_text = "all time", search = "30|90|365",
      help = "how far back from the last interaction that is learnt from people are counted: each "
        .. "person once who took an item since; needs data with times" },
  }

  -- Rows of the ratings of some people, and the number of the person of each.
  local function rows_of(ratings, users)
    local lengths, first, rows, people = ratings.users:totable(), { 0 }, {}, {}
    for user, length in ipairs(lengths) do
      first[user + 1] = first[user] + length
    end
    for i, user in ipairs(users) do
      for row = first[user] + 1, first[user + 1] do
        rows[#rows + 1], people[#people + 1] = row, i
      end
    end
    return core.ids(rows), core.ids(people)
  end

  -- How many people took each item in the last days.
  local function lately(self, x, days)
    local ratings, users, n = x.data.ratings, x.data.users, x.n_items
    if not ratings.times then
      raise(("popularity: %s needs times, but the data have none: leave it out"):format(
        args.option "window"), 0)
    end
    local rows, people = rows_of(ratings, users)
    local labels = ratings.ratings and ratings.ratings:gather_rows(rows)
      or core.full({ #rows }, 1)
    local took = cmml.users.weights(self.catalogue, labels):step():totable()
    local times, first, last = ratings.times:gather(rows):totable(), math.huge, -math.huge
    for i, time in ipairs(times) do
      if took[i] > 0 then
        first, last = math.min(first, time), math.max(last, time)
      end
    end
    local back = days * 86400 * time_unit.of(first, last).per_second
    for i, time in ipairs(times) do
      took[i] = time >= last - back and took[i] or 0
    end
    local inside = core.sparse(people, core.map_ids(rows, ratings.items), core.tensor(took),
      #users, n) -- somebody who took an item twice counts once
    return core.scatter_add_rows(core.full({ n }, 0), inside.weights:step(), inside.columns)
  end

  cmml.kind(fold_in.completed {
    settings = { "users", "sequences" },
    name = "popularity", title = "popularity", options = options, baseline = 9,
    source = "how many people took an item",
    make = function(catalogue)
      return { counts = core.full({ #catalogue.items }, 0) }
    end,
    fit = function(self, x)
      local days = self.options.window
      self.counts = days and lately(self, x, days) or x.people
    end,
    scores = function(self, matrix)
      return core.full({ #matrix.rows, 1 }, 1):matmul(self.counts:reshape { 1, -1 })
    end,
    contributions = function(_, support, rows)
      return core.full({ #rows.items, #support.items }, 0)
    end,
    tensors = function(self)
      return { { "counts", self.counts } }
    end,
    restore = function(self, tensors)
      check_entries(tensors, { { "counts", { #self.catalogue.items } } })
      self.counts = tensors[1][2]
    end,
  })
end
