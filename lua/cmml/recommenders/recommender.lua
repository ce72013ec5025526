--- What every recommender offers, whatever its kind and setting; see recommenders/kind.lua.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  local scale = use "data.scale"
  local core = cmml.core
  --- A recommender of some kind, made by `cmml.recommenders.<kind>` or loaded from a file.
  -- @tfield string kind its name in model files and on the command line
  -- @tfield string title for tables
  -- @tfield Setting setting
  -- @tfield Catalogue catalogue the users and items it knows
  -- @tfield table options what it was made with
  -- @tfield string learns "gradient", "fit" (without gradient training) or "none"
  -- @tfield string predicts "ratings", or "ranking": the order of its scores alone means anything
  -- @tfield string adapts "forward", or "gradient" where gradients are recorded while all of
  -- adapting runs (`inner_steps` records its own, and needs none of that)
  -- @tfield boolean seeded whether another seed gives another model: of kinds that learn by
  -- gradient, or adapt by gradients from weights of a seed
  -- @tfield ?Module module of a kind that learns by gradient: its weights
  -- @tfield ?table training of a kind that learns by gradient: the preset's defaults for `train`
  -- @tfield function adapt_rows of (support): the state of several tasks from their Rows; where
  -- their steps can diverge, a table whose field diverged lists the tasks of which they did
  -- @tfield function score_rows of (state, rows): scores [rows]
  -- @tfield ?function list_rows of (state, rows): what lists are ordered by [rows], where that is
  -- another score than `score_rows`
  -- @tfield ?function score_all of (state): what lists are ordered by, of all items [tasks, items]
  -- @tfield ?function contributions of (support, rows): what each entry of the support adds to what
  -- lists are ordered by [rows, entries], where that can be said exactly
  -- @tfield function tensors of (): list of {name, tensor} that a model file keeps
  -- @tfield ?function set_tensors of (list), of a kind that learns by gradient: sets these
  -- @tfield table integers which of these are lists of integers instead: true by name
  -- @tfield ?function loss of (batch): what training minimises
  -- @tfield ?table left_out what the loss left out since training last looked: count (of tasks) and
  -- text (why, of the first); it is then the mean over the others, or not a number without any
  -- @tfield ?function memory of (tasks, support, query): numbers that a training step keeps
  -- @tfield ?function prepare of (data): what comes before the first step of a training
  -- @tfield ?function settle of (tasks, options, metric): what is chosen before each validation
  -- @tfield ?string reads of one that ranks: "all" where entries of a support that are not relevant
  -- say something to it, too
  -- @tfield ?function fit of (data): learns from ratings without gradient training; gives a text
  -- where something of it is to be told
  -- @tfield ?function facts of (): what was learnt beside the weights, list of {name, value, text}
  -- @tfield ?function unlisted of (): rows of items that are in no list of `recommend`
  -- @tfield ?function over of (catalogue): the same weights over another catalogue
  -- @tfield ?Recommender lists of one that predicts ratings: what makes its lists, over the same
  -- catalogue (see `with_lists`)
  local Recommender = { __name = "cmml.Recommender", integers = {} }
  Recommender.__index = Recommender

  -- What a function of a kind gave, in words: of a tensor its shape.
  local function described(value)
    return cmml.is_tensor(value) and ("a Tensor [%s]"):format(table.concat(value.shape, ", "))
      or args.describe(value)
  end

  -- Tensors in a state without the graph that made them, at whatever depth of its tables.
  local function detached(value, seen)
    if cmml.is_tensor(value) then
      return value.tracked and value:detach() or value
    elseif type(value) ~= "table" or seen[value] then
      return seen[value] or value
    end
    local class = getmetatable(value)
    if class and not (cmml.is_joined(value) or type(value.forward) == "function") then
      return value -- a thing of its own, such as a catalogue
    end
    local copy = setmetatable({}, class)
    seen[value] = copy
    for key, inner in pairs(value) do
      copy[key] = detached(inner, seen)
    end
    return copy
  end

  -- A state of a kind that adapts by gradients, which are recorded meanwhile, without them.
  local function state_by_gradients(self, support)
    local was = core.grad_enable(true)
    local ok, state = pcall(self.adapt_rows, self, support)
    core.grad_enable(was)
    if not ok then
      raise(state, 0)
    end
    return detached(state, {})
  end

  --- A score as it is shown as stars: clipped to the scale of the ratings that the model was
  -- trained on. `predict` and `recommend` give scores as they are.
  -- @tparam number score
  -- @treturn number the score itself where the model knows of no scale, or predicts no ratings
  -- @usage
  -- print(model:stars(100) <= 5)
  function Recommender:stars(score)
    return self.predicts == "ratings" and scale.clip(self.catalogue.scale, score) or score
  end

  --- What makes the lists of a recommender: that of `with_lists`, if there is one, or itself.
  -- @treturn Recommender
  function Recommender:lister()
    return self.lists or self
  end

  --- Adapts to the supports of several tasks, for use outside of training: the state keeps no
  -- graph, and what else the kind made meanwhile is freed (see `tidy`). Where the kind adapts by
  -- gradients they are recorded meanwhile.
  -- @tparam table support Rows of all tasks
  -- @treturn any the state for `scores_of`
  -- @treturn table list of the tasks whose steps diverged: {task, step, loss}, see `inner_steps`.
  -- They are scored by the weights that their steps start from; empty where there are none
  function Recommender:state_of(support)
    local state
    if self.adapts == "gradient" then
      state = core.tidy(state_by_gradients, self, support)
    else
      state = core.tidy(core.no_grad, self.adapt_rows, self, support)
    end
    return state, type(state) == "table" and rawget(state, "diverged") or {}
  end

  -- What a function of the kind gives for rows.
  local function scored(self, what, compute, state, rows)
    if #rows.items == 0 then
      return core.full({ 0 }, 0)
    end
    local scores = core.tidy(core.no_grad, compute, self, state, rows)
    if not cmml.is_tensor(scores) or #scores.shape ~= 1 or scores.count ~= #rows.items then
      raise(("%s: %s must give a Tensor [%d], a number for each row, not %s"):format(self.kind,
        what, #rows.items, described(scores)), 0)
    end
    return scores
  end

  --- Scores of rows under a state, without a graph; what else the kind made meanwhile is freed.
  -- @tparam any state what `state_of` gave
  -- @tparam table rows Rows to be scored
  -- @treturn Tensor [rows]
  function Recommender:scores_of(state, rows)
    return scored(self, "score", self.score_rows, state, rows)
  end

  --- What lists of these rows are ordered by, the highest first: `scores_of`, unless the kind ranks
  -- by another score than the ratings that it predicts.
  -- @tparam any state what `state_of` gave
  -- @tparam table rows Rows to be ordered
  -- @treturn Tensor [rows]
  function Recommender:list_scores_of(state, rows)
    return scored(self, self.list_rows and "rank" or "score", self.list_rows or self.score_rows,
      state, rows)
  end

  --- Scores of all items of the catalogue for every task, of a kind with `score_all`.
  -- @tparam any state what `state_of` gave
  -- @tparam integer tasks how many there are
  -- @treturn Tensor [tasks, items]
  function Recommender:all_scores_of(state, tasks)
    local scores = core.tidy(core.no_grad, self.score_all, self, state)
    local n = #self.catalogue.items
    if not cmml.is_tensor(scores) or #scores.shape ~= 2 or scores.shape[1] ~= tasks
      or scores.shape[2] ~= n then
      raise(("%s: score_all must give a Tensor [%d, %d], a number for each task and item, not %s")
        :format(self.kind, tasks, n, described(scores)), 0)
    end
    return scores
  end

  --- A function of Rows that gives what lists of them are ordered by.
  -- @tparam any state what `state_of` gave
  -- @tparam ?integer tasks how many there are, where most of the catalogue is going to be scored
  -- for each: a kind with `score_all` then scores all of it now
  -- @treturn function
  -- @treturn ?Tensor the scores of all of it [tasks, items], where it was scored now
  function Recommender:list_scorer(state, tasks)
    local all = tasks and self.score_all and self:all_scores_of(state, tasks) or nil
    return function(rows)
      return all and core.pick_scores(all, rows.items, rows.segments)
        or self:list_scores_of(state, rows)
    end, all
  end

  return Recommender
end
