--- Fine-tuning of an encoder of sequences and its items on the sequence of each user, as MML adapts
-- to new users (Pan et al., CIKM 2022): many steps of plain descent on all weights.
--
-- The encoder's weights take steps as `fast_weights` has them. Of the items' vectors a user has
-- rows of the user's own where steps touch them: of the sequence, and of the negatives of all
-- steps, which are drawn beforehand. Items that are read from features have a map that takes steps
-- as any layer does, and rows of features of the user's own. The whole catalogue is scored by what
-- all users have in common, and what differs for a user is put in its place.
--
-- @module cmml
local args = require "cmml.base.args"
local shared = require "cmml.network.inner_options"
local raise = args.error

local known = require("cmml.base.options").declare("fine_tune", {
  shared.steps,
  { name = "rate", kind = "number", from = 0, required = true, help = "rate of the steps" },
  { name = "items", kind = "boolean", default = true,
    help = "whether vectors of items (or features and the map) take steps, too" },
  { name = "choose", kind = "string", choices = { "last", "best" }, default = "last",
    help = "whose step's weights a user gets: the last, or the one whose list has the held-out "
      .. "item highest, of equal ones the later" },
  { name = "valid", kind = "table", default_text = "none",
    help = "of choose best: items and segments of sequences, and what comes next in each "
      .. "(targets)" },
  { name = "encode", kind = "function", default_text = "nothing",
    help = "of a step, or of nil where none is taken, and of the items of the rows (Ids), giving "
      .. "options of the encoder: a key, features" },
})

return function(cmml, use)
  use "network.fast_weights"
  local core = cmml.core
  local classes = use "tensor.classes"
  --- Users with weights and items of their own, made by `fine_tune`.
  -- @tfield table losses of the users before each step
  -- @tfield table diverged those whose steps diverged, see `fast_weights`
  -- @tfield ?table chosen of choose best: how many steps each user takes
  -- @tfield FastWeights weights the encoders' weights behind the steps
  local FineTuned = { __name = "cmml.FineTuned" }
  FineTuned.__index = FineTuned

  -- Ids by row and column, as one list that is read row by row.
  local function row_by_row(columns)
    local lists, all = {}, {}
    for c, ids in ipairs(columns) do
      lists[c] = ids:totable()
    end
    for r = 1, #columns[1] do
      for c = 1, #lists do
        all[#all + 1] = lists[c][r]
      end
    end
    return core.ids(all)
  end

  -- The columns of such a list.
  local function columns_of(ids, count)
    local list, columns = ids:totable(), {}
    for c = 1, count do
      local column = {}
      for r = 0, #list // count - 1 do
        column[r + 1] = list[r * count + c]
      end
      columns[c] = core.ids(column)
    end
    return columns
  end

  -- The items that steps touch: rows of a user's own, and what each row of the support reads of
  -- them.
  local function touched(data)
    local columns = table.move(data.negatives, 1, #data.negatives, 3,
      { data.items, data.positives })
    local lengths = data.segments:totable()
    for u, length in ipairs(lengths) do
      lengths[u] = length * #columns
    end
    local ids, places, owners = core.distinct_in(row_by_row(columns), core.segments(lengths))
    local rows, counts = {}, {}
    for u in ipairs(lengths) do
      rows[u], counts[u] = {}, 0
    end
    local users = owners:totable()
    for row, id in ipairs(ids:totable()) do
      local user = users[row]
      rows[user][id], counts[user] = row, counts[user] + 1
    end
    local own = columns_of(places, #columns)
    return { ids = ids, owners = owners, segments = core.segments(counts), rows = rows,
      items = own[1], positives = own[2], negatives = table.move(own, 3, #own, 1, {}) }
  end

  -- The vectors of the users' own rows [rows, width].
  local function own_vectors(self, through, rows)
    if not self.map then
      return rows.items
    end
    return through(self.touched.segments).linear("item_map", self.map, rows.items)
  end

  local function losses_of(self, data, opt)
    local near = self.touched
    local common = nil
    if not opt.items then
      common = (self.map and self.map(self.start) or self.start):detach()
    end
    return function(through, step, rows)
      local own = common or own_vectors(self, through, rows)
      local options = opt.encode and opt.encode(step, data.items) or {}
      options.through = through(data.segments)
      local h = self.encoder(own:gather_rows(near.items), data.segments, options)
      local lead = h:row_dot(own:gather_rows(near.positives)
        - own:gather_rows(near.negatives[step]))
      return -(lead:sigmoid() + 1e-10):log():segment_mean(data.segments)
    end
  end

  --- The vectors of items as users have them: own rows, or those of all.
  -- @tparam Ids ids items
  -- @tparam Segments segments one a user
  -- @treturn Tensor [items, width]
  function FineTuned:vectors(ids, segments)
    args.expect("FineTuned:vectors: ids", ids, classes.ids)
    args.expect("FineTuned:vectors: segments", segments, classes.segments)
    local own, common, lists = {}, {}, ids:totable()
    for k, user in ipairs(segments:groups():totable()) do
      own[k] = self.touched.rows[user][lists[k]] or 0
      common[k] = own[k] == 0 and lists[k] or 0
    end
    local x = core.embedding(self.weights.rows.items or self.start, core.ids(own))
      + core.embedding(self.all, core.ids(common))
    return self.map and self.weights(segments).linear("item_map", self.map, x) or x
  end

  --- What the users' encoders give of sequences.
  -- @tparam Ids items of the sequences
  -- @tparam Segments segments one a user
  -- @treturn Tensor [rows, width]
  function FineTuned:encode(items, segments)
    args.expect("FineTuned:encode: items", items, classes.ids)
    args.expect("FineTuned:encode: segments", segments, classes.segments)
    return args.call(core.no_grad, function()
      local options = self.options and self.options(nil, items) or {}
      options.through = self.weights(segments)
      return (self.encoder(self:vectors(items, segments), segments, options))
    end)
  end

  -- What the products with rows of a user's own differ from those with the rows of all.
  local function differences(self, users)
    local near, rows = self.touched, self.weights.rows.items
    local own, was = rows, self.start
    if self.map then
      local linear = self.weights(near.segments).linear
      own, was = linear("item_map", self.map, rows), linear("item_map", self.map, was)
    end
    return core.row_dot(own - was, users:gather_rows(near.owners))
  end

  local function scores(self, users)
    local found, n = core.matmul(users, self.common:transpose()), self.common.shape[1]
    if not self.weights.rows.items then
      return found
    end
    local x, shift = self.weights:turned("item_map", users)
    if x then
      found = found + core.matmul(x, self.all:transpose()) + shift:reshape { -1, 1 }
    end
    local places, owners = {}, self.touched.owners:totable()
    for row, id in ipairs(self.touched.ids:totable()) do
      places[row] = (owners[row] - 1) * n + id
    end
    return core.scatter_add_rows(found:reshape { -1, 1 }, differences(self, users)
      :reshape { -1, 1 }, core.ids(places)):reshape { -1, n }
  end

  --- The scores of all items.
  -- @tparam Tensor users [users, width]: what `encode` gives for the last row of each
  -- @treturn Tensor [users, items]
  function FineTuned:scores(users)
    args.expect("FineTuned:scores: users", users, classes.tensor)
    return args.call(core.no_grad, scores, self, users)
  end

  -- The reciprocal rank of what comes next, 0 behind the tenth.
  local function reciprocal_ranks(self, valid)
    local h = self:encode(valid.items, valid.segments)
    local all = self:scores(core.embedding(h, core.last_rows(valid.segments)))
    local target = all:gather(valid.targets)
    local rank = all:gt(target):sum(2) + (all:eq(target):sum(2) + 1) / 2
    return core.where(rank:le(10), 1 / rank, core.full({}, 0)):totable()
  end

  local function check_learner(learner)
    args.expect("fine_tune: learner", learner, "table", 4)
    if type(learner.encoder) ~= "table" or not learner.encoder.named_parameters then
      raise("fine_tune: learner.encoder must be a module that encodes sequences, such as a "
        .. "sequence_encoder, not " .. args.describe(learner.encoder), 3)
    end
    args.expect("fine_tune: learner.items", learner.items, classes.tensor, 4)
  end

  local function check_data(data, opt)
    args.expect("fine_tune: data", data, "table", 4)
    args.expect("fine_tune: data.segments", data.segments, classes.segments, 4)
    args.list("fine_tune: data.negatives", data.negatives, 4)
    if #data.negatives < opt.steps then
      raise(("fine_tune: data.negatives must have a list for each of %d steps, not %d"):format(
        opt.steps, #data.negatives), 3)
    end
    local lists = table.move(data.negatives, 1, #data.negatives, 3, { data.items or false,
      data.positives or false })
    for _, ids in ipairs(lists) do
      args.expect("fine_tune: data.items, positives and negatives", ids, classes.ids, 4)
      if #ids ~= data.segments:rows() then
        raise(("fine_tune: data has a list of %d items for %d rows"):format(#ids,
          data.segments:rows()), 3)
      end
    end
    if opt.choose == "best" and not opt.valid then
      raise("fine_tune: choose best needs valid", 3)
    end
  end

  -- The weights after the steps; at most `limits` of them for each user.
  local function take_steps(self, data, opt, limits, after)
    return cmml.fast_weights(#data.segments, losses_of(self, data, opt), { steps = opt.steps,
      lr = opt.rate, limits = limits, after = after,
      rows = opt.items and { items = self.start } or nil,
      row_owners = opt.items and { items = self.touched.owners } or nil })
  end

  -- How many steps give each user the best list; the weights of none count, too.
  local function best_steps(self, data, opt)
    local chosen, best = {}, {}
    take_steps(self, data, opt, nil, function(weights, step)
      self.weights = weights
      for user, value in ipairs(reciprocal_ranks(self, opt.valid)) do
        if not best[user] or value >= best[user] then
          chosen[user], best[user] = step, value
        end
      end
    end)
    return chosen
  end

  --- Fine-tunes an encoder and vectors of items for each of several users.
  -- @tparam table learner encoder (`sequence_encoder`, or another module of (e, segments, options)
  -- with option `through`); items: Tensor [items, width], or [items, inp] with map, a linear layer
  -- from them to vectors
  -- @tparam table data of the support: items (Ids, the sequences' rows), positives (Ids, what comes
  -- next behind each row), negatives (a list of Ids for each step), segments, one a user
  -- @tparam table options
  -- @treturn FineTuned with encode and scores
  function cmml.fine_tune(learner, data, options)
    local opt = known:check(options)
    check_learner(learner)
    check_data(data, opt)
    local self = setmetatable({ encoder = learner.encoder, map = learner.map,
      all = learner.items:detach(), touched = touched(data), options = opt.encode }, FineTuned)
    self.common = self.map and args.call(core.no_grad, self.map, self.all) or self.all
    self.start = args.call(core.gather_rows, self.all, self.touched.ids)
    if opt.choose == "best" then
      self.chosen = best_steps(self, data, opt)
    end
    self.weights = take_steps(self, data, opt, self.chosen)
    self.losses, self.diverged = self.weights.losses, self.weights.diverged
    return self
  end
end
