--- S2Meta in the setting scenarios (Du et al., KDD 2019): every task starts from learnt weights,
-- and learnt controllers move them and say when to stop.
--
-- The task's support is compared in pairs of a positive and a negative (see `core.support_query`).
-- A support without negatives gets items of the catalogue; one without positives, such as an empty
-- one, leaves the start weights as they are.
--
-- @module cmml
local args = require "cmml.base.args"
local inner = require "cmml.recommenders.inner_options"
local shared = require "cmml.base.shared_options"
local sets = require "cmml.base.options"
local raise = args.error

return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
  local mean_loss = use "recommenders.inner_loss"
  local vector_rows = use "recommenders.vector_rows"
  use "recommenders.kind"
  use "network.towers"
  use "network.learnt_steps"

  --- The weights of S2Meta: a network, an update controller for each of its tensors, and a stop
  -- controller.
  -- @tfield Module net
  -- @tfield List update
  -- @tfield StopController stop
  local Weights = nn.class "cmml.S2MetaWeights"

  local options = {
    { name = "tower", kind = "string", default = "mlp",
      group = "model", tunable = false, help = "network that scores a user's and an item's vector",
      choices = function()
        return args.keys(cmml.towers)
      end },
    { name = "widths", list = "integer", from = 1, to = 65536, repeats = true, group = "model",
      default = { 64, 32, 16 }, search = { { 32, 16 }, { 64, 32, 16 }, { 64, 64, 64 } },
      help = "widths of its hidden layers" },
    vector_rows.options.unit_rows, vector_rows.options.loss,
    { name = "controller_hidden", kind = "integer", from = 1, to = 4096, default = 16,
      group = "model", help = "units of an update controller" },
    { name = "lstm_bias", kind = "string", choices = { "published", "forget" },
      default = "forget", group = "model",
      help = "which biases of the controllers begin at 1: those of the forget gate, or as in the "
        .. "published code some of the input gate" },
    { name = "min_step", kind = "integer", from = 0, to = 1000, default = 4, group = "model",
      search = "1|2|4", help = "minimum number of steps on a support" },
    { name = "max_step", kind = "integer", from = 0, to = 1000, default = 20, group = "model",
      search = "5|10|20", help = "maximum number of steps on a support" },
    { name = "inner_batch", kind = "integer", from = 0, to = 1 << 20, default = 0, unit = "pairs",
      group = "model", help = "number of random pairs of the support a step; 0: every positive "
        .. "once" },
    { name = "stop", kind = "string", choices = { "sampled", "greedy" }, default = "sampled",
      group = "model", help = "how a task is stopped outside of training: at random, by the seed "
        .. "and its support, or where that is more likely than not" },
    { name = "step_penalty", kind = "number", from = 0, default = 0, group = "model",
      help = "loss that a step must gain for going on to be rewarded" },
    inner.diverging,
    sets.changed(shared.seed, { name = "step_seed", group = "model", tunable = false, line = false,
      help = "seed of mini-batches and of sampled stops" }),
  }

  local function check(opt)
    if opt.max_step < opt.min_step then
      raise(("s2meta: min_step (%d) must not be above max_step (%d)"):format(opt.min_step,
        opt.max_step), 0)
    end
  end

  local function make(catalogue, opt, init)
    local self = {}
    self.users, self.items = vector_rows.tables(catalogue, opt)
    local module, controllers = Weights.new(), {}
    self.tower = cmml.tower_of("s2meta: tower", opt.tower)
    local net = module:register("net", self.tower.make(self.items.shape[2], opt.widths, init))
    self.start = {}
    for j, pair in ipairs(net:named_parameters()) do
      self.start[j] = pair[2]
      controllers[j] = cmml.update_controller { hidden = opt.controller_hidden, init = init,
        lstm_bias = opt.lstm_bias }
    end
    module:register("update", nn.list(controllers))
    module:register("stop", cmml.stop_controller { inp = #self.start + 1, init = init,
      lstm_bias = opt.lstm_bias })
    self.controllers, self.stop, self.module = controllers, module.stop, module
    return self
  end

  -- Scores of rows by parameters [tasks, ..].
  local function score(self, values, rows)
    return self.tower.score(cmml.tower_layers(self.tower, self.module.net, values),
      self.users:gather_rows(rows.users), self.items:gather_rows(rows.items), rows.segments)
  end

  -- The mean loss of the pairs of each task [tasks].
  local function losses(self, values, query)
    local rows = core.paired_rows(query)
    local scores = score(self, values, rows)
    local positive = scores:gather_rows(rows.positive):reshape { -1, 1 }
    local negative = scores:gather_rows(rows.negative):reshape { -1, rows.each }
    local of_pairs = cmml.scenarios.pair_losses[self.options.loss or "hinge"](positive, negative)
    return core.segment_mean(of_pairs, query.segments)
  end

  -- Pairs of the supports of some tasks.
  local function pairs_of(self, support, tasks, step)
    local opt = self.options
    return core.support_query(support, tasks, { seed = opt.step_seed, step = step,
      batch = opt.inner_batch, items = #self.catalogue.items })
  end

  -- The query of some tasks alone, which are in order.
  local function query_of(query, tasks)
    if #tasks == #query.segments then
      return query
    end
    local each, marks, lengths = #query.negatives // math.max(#query.users, 1), {}, {}
    local all, of_negatives = query.segments:totable(), {}
    for task, n in ipairs(all) do
      marks[task], of_negatives[task] = 0, each * n
    end
    for i, task in ipairs(tasks:totable()) do
      marks[task], lengths[i] = 1, all[task]
    end
    marks = core.ids(marks)
    local pairs_in = core.map_ids(query.segments:groups(), marks)
    local negatives_in = core.map_ids(core.segments(of_negatives):groups(), marks)
    return { segments = core.segments(lengths), users = core.select_ids(query.users, pairs_in),
      positives = core.select_ids(query.positives, pairs_in),
      negatives = core.select_ids(query.negatives, negatives_in) }
  end

  -- Adapts to supports; with a query, as training does, in which some tasks take no steps.
  local function steps_on(self, support, query, hold)
    local opt, idle = self.options, {}
    for task, n in ipairs(pairs_of(self, support, nil, 0).segments:totable()) do
      idle[task] = n == 0 or hold and hold[task] or nil
    end
    return cmml.learnt_steps(self, function(values, tasks, step)
      local own, chances = pairs_of(self, support, tasks, step)
      return losses(self, values, own), chances
    end, { tasks = #support.segments, idle = idle, min_step = opt.min_step,
      max_step = opt.max_step, greedy = not query and opt.stop == "greedy",
      query = query and function(values, tasks)
        return losses(self, values, query_of(query, tasks))
      end })
  end

  cmml.kind {
    name = "s2meta", title = "S2Meta", source = "Du et al., KDD 2019", settings = { "scenarios" },
    learns = "gradient", adapts = "gradient", steps = { "min_step", "max_step" },
    needs = { vectors = true }, options = options,
    presets = use "recommenders.s2meta_presets", check = check, make = make,
    over = vector_rows.over,

    -- The parameters of each task, how many steps it took, and the tasks whose steps diverged.
    adapt = function(self, support)
      local values, steps, _, diverged = cmml.no_grad(steps_on, self, support)
      return { values = values, steps = steps, diverged = diverged }
    end,

    score = function(self, state, rows)
      return score(self, state.values, rows)
    end,

    -- The mean over tasks of the query's loss after the last step, and of what the stop controller
    -- learns from.
    loss = function(self, batch)
      local final, steps, decisions
      local mean, count = mean_loss(self, batch, function(hold)
        local values, diverged
        values, steps, decisions, diverged = steps_on(self, batch.support, batch.query, hold)
        final = losses(self, values, batch.query)
        return final, diverged
      end, "max_step or the learning rate")
      if count == 0 then
        return mean
      end
      return mean + cmml.stop_loss(decisions, final, steps, self.options.step_penalty)
        * (1 / count)
    end,

    describe = function(self)
      return ("[cmml recommender s2meta, %s tower, %d to %d steps, %d parameters]"):format(
        self.options.tower, self.options.min_step, self.options.max_step, self.module:count())
    end,
  }
end
