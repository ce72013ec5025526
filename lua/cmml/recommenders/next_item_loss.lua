--- Losses of networks that say what comes next: of the states behind each interaction, and the
-- items that came then.
--
-- @module cmml.recommenders.next_item_loss

-- What keeps an item out of a softmax.
local far_below = -1e9

return function(cmml)
  local core = cmml.core
  local next_item = {}

  --- The options of these losses.
  next_item.options = {
    { name = "loss", kind = "string", choices = { "sampled", "softmax", "bpr" }, group = "model",
      default = "softmax", search = "sampled|softmax", help = "what is made small: the cross "
        .. "entropy of the next item among all that may be learnt from (softmax), or among some "
        .. "drawn at random (sampled); or bpr, by a comparison with one drawn at random, as "
        .. "published for SASRec and MML, which learns far less" },
    { name = "negatives", kind = "integer", from = 1, default = 256, group = "model",
      unit = "items", search = "128|256|512|1024",
      help = "number of items drawn in each step under loss sampled" },
  }

  --- The items that are in what may be learnt from; all, where that is not known.
  -- @tparam Catalogue catalogue
  -- @treturn Ids
  function next_item.known_items(catalogue)
    local counts, list = catalogue.items.counts, {}
    local of = counts and counts:totable()
    for row = 1, #catalogue.items do
      list[#list + 1] = (not of or of[row] > 0) and row or nil
    end
    return core.ids(list)
  end

  local function key_of(batch, more)
    return { seed = batch.seed ~ batch.tasks[1] << 20 ~ (more or 0) << 44, epoch = batch.draw,
      stream = core.streams.candidates }
  end

  --- Items drawn at random of those that may be learnt from, the same ones for all rows of a batch.
  -- @tparam Ids known
  -- @tparam integer n how many; all, where there are not so many
  -- @tparam table batch seed, draw and tasks: the key of what is drawn
  -- @treturn Ids
  function next_item.drawn(known, n, batch)
    return core.map_ids(core.choose(#known, math.min(n, #known), key_of(batch)), known)
  end

  -- Of each target the item that a number draws, or where that is the target the one that another
  -- number draws.
  local function drawn_items(known, targets, first, again)
    local items, n, list = known:totable(), #known, {}
    for i, target in ipairs(targets:totable()) do
      local item = items[math.min(math.floor(first[i] * n) + 1, n)]
      if item == target then
        item = items[math.min(math.floor(again[i] * n) + 1, n)]
      end
      list[i] = item
    end
    return core.ids(list)
  end

  --- An item drawn at random for each of some targets, another one than it, of those that may be
  -- learnt from.
  -- @tparam Ids known
  -- @tparam Ids targets
  -- @tparam table batch seed, draw and tasks: the key of what is drawn
  -- @tparam[opt=0] integer step what is drawn for other steps of the same batch differs
  -- @treturn Ids
  function next_item.others(known, targets, batch, step)
    local function numbers(more)
      return core.uniform({ #targets }, 0, 1, key_of(batch, 2 * (step or 0) + more)):totable()
    end
    return drawn_items(known, targets, numbers(0), numbers(1))
  end

  --- The same by the step and the place of a target in its sequence alone, whatever other
  -- sequences there are.
  -- @tparam Ids known
  -- @tparam Ids targets
  -- @tparam Ids places of the targets, from 1
  -- @tparam integer step
  -- @treturn Ids
  function next_item.others_at(known, targets, places, step)
    local numbers = core.uniform({ #targets, 2 }, 0, 1, { epoch = step, tasks = places,
      stream = core.streams.candidates })
    return drawn_items(known, targets, numbers:slice(2, 1, 1):reshape({ -1 }):totable(),
      numbers:slice(2, 2, 2):reshape({ -1 }):totable())
  end

  -- Vectors of several lists of items; where content features make them, each item's once.
  local function vectors_of(items, lists)
    local found = {}
    if not items.names then
      for i, ids in ipairs(lists) do
        found[i] = items:of(ids)
      end
      return found
    end
    local shifts = {}
    for i in ipairs(lists) do
      shifts[i] = 0
    end
    local distinct, places = core.distinct(core.join_ids(lists, shifts))
    local all, at = items:of(distinct):gather_rows(places), 0
    for i, ids in ipairs(lists) do
      found[i] = all:slice(1, at + 1, at + #ids)
      at = at + #ids
    end
    return found
  end

  --- Errors of comparisons with one item each (Rendle et al. 2009, with 1e-10 in the logarithm).
  -- @tparam Tensor states [rows, width]
  -- @tparam Tensor better vectors of what came next [rows, width]
  -- @tparam Tensor worse vectors of other items [rows, width]
  -- @treturn Tensor [rows]
  function next_item.compared(states, better, worse)
    return -((core.row_dot(states, better) - core.row_dot(states, worse)):sigmoid() + 1e-10):log()
  end

  -- The cross entropy of each row's target among itself and the items drawn, the target left out
  -- of these [rows].
  local function among_drawn(states, positive, negative, targets, drawn)
    local same = core.eq(core.tensor(targets:totable()):reshape { -1, 1 },
      core.tensor(drawn:totable()):reshape { 1, -1 })
    local own = core.row_dot(states, positive):reshape { -1, 1 }
    local logits = core.concat { own, states:matmul(negative:transpose()) + same * far_below }
    return -logits:log_softmax(2):slice(2, 1, 1):reshape { -1 }
  end

  --- The places of items among those that may be learnt from.
  -- @tparam Ids known
  -- @tparam integer n number of items
  -- @treturn Ids for each item its place, 0 for one that is not among them
  function next_item.places(known, n)
    local place = {}
    for item = 1, n do
      place[item] = 0
    end
    for i, item in ipairs(known:totable()) do
      place[item] = i
    end
    return core.ids(place)
  end

  --- The cross entropy of what came next among all items that may be learnt from.
  -- @tparam Ids known
  -- @tparam Tensor vectors of all items [items, width]
  -- @tparam Ids targets
  -- @treturn function of the states behind the rows [rows, width], giving the mean over rows
  -- @treturn function of the same, giving the error of each row [rows]
  function next_item.among_known(known, vectors, targets)
    local classes = core.map_ids(targets, next_item.places(known, vectors.shape[1]))
    vectors = vectors:gather_rows(known)
    local function logits(states)
      return states:matmul(vectors:transpose())
    end
    return function(states)
      return core.cross_entropy(logits(states), classes)
    end, function(states)
      return -logits(states):log_softmax(2):gather(classes):reshape { -1 }
    end
  end

  --- What a batch is learnt from by one of these losses.
  -- @tparam Recommender self with options loss and negatives, items in its module, and known, the
  -- items that may be learnt from
  -- @tparam table rows Rows: items, following (no row without one)
  -- @tparam table batch of a training
  -- @treturn Tensor vectors of the rows' items [rows, width]
  -- @treturn function of the states behind the rows [rows, width], giving the loss: the mean over
  -- rows
  -- @treturn function of the same, giving the error of each row [rows]
  function next_item.of(self, rows, batch)
    local opt, items, known, targets = self.options, self.module.items, self.known, rows.following
    if opt.loss == "bpr" then
      local found = vectors_of(items, { rows.items, targets,
        next_item.others(known, targets, batch) })
      return found[1], function(states)
        return core.bpr(core.row_dot(states, found[2]), core.row_dot(states, found[3]))
      end, function(states)
        return next_item.compared(states, found[2], found[3])
      end
    elseif opt.loss == "sampled" and opt.negatives < #known then
      local drawn = next_item.drawn(known, opt.negatives, batch)
      local found = vectors_of(items, { rows.items, targets, drawn })
      local function errors(states)
        return among_drawn(states, found[2], found[3], targets, drawn)
      end
      return found[1], function(states)
        return core.sampled_softmax(states, found[2], found[3], targets, drawn)
      end, errors
    end
    local all = items:all()
    return core.embedding(all, rows.items), next_item.among_known(known, all, targets)
  end

  return next_item
end
