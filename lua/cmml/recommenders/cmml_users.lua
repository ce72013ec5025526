--- CMML in the setting users: ratings, learnt content features (Feng et al., CIKM 2021).
--
-- @module cmml
local members = require "cmml.recommenders.members"
local model_options = require "cmml.recommenders.cmml_options"
local predicted = require "cmml.recommenders.predicted_ratings"
local rating_errors = require "cmml.recommenders.rating_errors"
local shared = require "cmml.recommenders.shared_options"
local raise = require("cmml.base.args").error

return function(cmml, use)
  local core = cmml.core
  local by_item = use "recommenders.by_item"
  local content_rows = use "recommenders.content_rows"
  local presets = use "recommenders.presets"
  local item_neighbours = use "recommenders.item_neighbours"
  use "recommenders.kind"
  local over_items = use "recommenders.over_items"
  local start_base = use "recommenders.start_base"
  local refinement = use "recommenders.refinement"

  local options = model_options({ "width", "label_hidden" }, {
    shared.read_users, shared.base, shared.neighbours, members.option, rating_errors.option,
    rating_errors.rank_weight, predicted.options[1], predicted.options[2],
    table.unpack(refinement.options) })

  -- Options that are not the network's.
  local own = { preset = true, base = true, neighbours = true, members = true, loss = true,
    rank_weight = true,
    read_users = true, pull = true, mean_share = true }
  for _, declared in ipairs(refinement.options) do
    own[declared.name] = true
  end

  local function make(catalogue, opt, init)
    for name, check in pairs { base = cmml.factor_base_options,
      neighbours = cmml.neighbour_options } do
      if opt[name] == true then
        raise(("cmml: %s must be a table of options, or false for none"):format(name), 3)
      elseif opt[name] then
        opt[name] = check(opt[name])
      end
    end
    local network = { item_fields = catalogue.items:sizes(), init = init,
      user_fields = opt.read_users ~= false and catalogue.users:sizes() or nil,
      beside = opt.base and opt.base.factors > 0 and opt.base.factors or nil }
    for key, value in pairs(opt) do
      if not own[key] then
        network[key] = value
      end
    end
    local module = members.make(opt.members or 1, function()
      local member = cmml.network(network)
      if opt.base then
        member:register("base", cmml.factor_base { items = #catalogue.items, options = opt.base,
          init = init })
      end
      return member
    end)
    return { module = module, neighbours = opt.neighbours
      and item_neighbours.new(#catalogue.items, opt.neighbours) or nil }
  end

  -- The vectors of items: of their fields, and their own.
  local function item_vectors(self, network, items)
    local base = network.base
    local of_fields = network:embed_fields("item", self.catalogue.items.bags, items)
    local of_items = base and base.vectors and base.vectors:gather_rows(items)
    return { of_fields or of_items, of_fields and of_items }
  end

  -- The vectors of rows: of items, then the user's.
  local function vectors(self, network, user, items, segments)
    return content_rows.joined(function(distinct)
      return item_vectors(self, network, distinct)
    end, user, items, segments)
  end

  -- What the networks know of items whoever asks: of each the vectors, and what the first layer
  -- makes of them where they are all that it reads.
  local function of_items(self, items)
    local list = {}
    for i, network in ipairs((members.of(self.module))) do
      local parts = item_vectors(self, network, items)
      local x = #parts > 1 and core.concat(parts) or parts[1]
      local alone = x and #network.fields.user == 0
      list[i] = { x = x, first = alone and network:first_map(x) or nil }
    end
    return list
  end

  -- The vectors of rows by what is known of their items.
  local function known_vectors(network, user, known, places, segments)
    local parts = { known.x and { known.x, places } }
    parts[#parts + 1] = user and { user, segments:groups() }
    local x, first = cmml.joined(parts), known.first and network.modulation:first()
    return first and x:knowing(first.weight, first.bias,
      places and known.first:gather_rows(places) or known.first) or x
  end

  -- Scores of rows whose vectors are known.
  local function scored(network, x, state, rows)
    local scores, base = network:score(x, state.context, rows.segments), network.base
    return base and scores + base(rows.items, state.weights, rows.segments) or scores
  end

  -- The mean error of each task's rows [tasks].
  local function errors_of(self, scores, rows)
    return core.segment_mean(rating_errors.of(self.options.loss, scores, rows.labels),
      rows.segments)
  end

  -- The contexts of tasks, from one forward pass of a member over their supports, and what follows
  -- from them; unless in training also what is left over of the ratings, where that is wanted.
  local function adapt_by(self, network, support, training)
    local people, segments = support.people, support.segments
    local user = network:embed_fields("user", people.bags, people.rows)
    local base = network.base
    local constant = network.encoder_detach and not base
      and not refinement.steps(self.options, training)
    local x = constant and cmml.no_grad(vectors, self, network, user, support.items, segments)
      or vectors(self, network, user, support.items, segments)
    local left, own_left, mean = support.labels, support.labels, nil
    if base then
      left, own_left, mean = base:left_over(support)
    end
    -- The state, and what is left over for the weights of the base.
    local function state_of(context)
      local rest = base and left - network:score(x, context, segments)
      return { user = user, context = context, mean = mean,
        weights = base and base:solve(support.items, rest, segments) }, rest
    end
    local context, diverged = refinement.refined(self.options, training,
      network:context(x, own_left, segments), function(refined)
        return errors_of(self, scored(network, x, (state_of(refined)), support), support)
      end)
    local state, rest = state_of(context)
    state.diverged = diverged
    if not self.neighbours or training then
      return state
    end
    return state, base and base:unexplained(support.items, rest, state.weights, segments)
      or support.labels - network:score(x, context, segments)
  end

  -- The scores of rows by the member of a number.
  local function score_by(self, network, state, rows, i)
    local known = rows.known
    return scored(network, known and known_vectors(network, state.user, known.of[i], known.places,
      rows.segments) or vectors(self, network, state.user, rows.items, rows.segments), state, rows)
  end

  -- The mean of what a function gives for each member; nil where it gives nothing.
  local function mean_over(list, f)
    local sum = f(1, list[1])
    for i = 2, #list do
      local value = f(i, list[i])
      sum = sum and sum + value
    end
    return sum and #list > 1 and sum / #list or sum
  end

  -- The state of the first member, in which those of the others are.
  local function adapt(self, support)
    local states, list = {}, members.of(self.module)
    local left = mean_over(list, function(i, network)
      local state, unexplained = adapt_by(self, network, support)
      states[i] = state
      return unexplained
    end)
    local state = states[1]
    state.diverged = refinement.merged(states)
    state.others = table.move(states, 2, #states, 1, {})
    -- neighbours know the ratings that training learns from, and have no part in it
    state.near = left and self.neighbours:state(support, left)
    return state
  end

  -- `near` is what neighbours say of the rows, where that is known.
  local function score(self, state, rows, near)
    local scores = mean_over((members.of(self.module)), function(i, network)
      local of_member = i == 1 and state or state.others[i - 1]
      local scores = score_by(self, network, of_member, rows, i)
      return of_member.mean and predicted.shared(scores, function()
        return network.base:of_means(rows.items, of_member.mean, rows.segments)
      end, self.options.mean_share) or scores
    end)
    near = near or state.near and self.neighbours:means(state.near, rows)
    scores = near and scores + near or scores
    return predicted.pulled(core, scores, self.catalogue.scale, self.options.pull)
  end

  -- The mean over tasks of what is wrong with the scores of their rows.
  local function loss_of(self, scores, rows)
    local loss = self.options.loss == "absolute" and errors_of(self, scores, rows):mean()
      or core.task_mse(scores, rows.labels, rows.segments)
    local weight = self.options.rank_weight or 0
    return weight == 0 and loss or loss + weight * rating_errors.listwise(core, scores,
      rows.labels, rows.segments, self.catalogue.scale):mean()
  end

  local function score_all(self, state)
    local near = state.near and self.neighbours:means_of_all(state.near)
    return by_item.score_all(self, state.context.shape[1], of_items, function(rows, first, last)
      return score(self, state, rows, near and near:slice(2, first, last):reshape { -1 })
    end)
  end

  cmml.kind {
    name = "cmml", title = "CMML", source = "Feng et al., CIKM 2021", settings = { "users" },
    learns = "gradient", adapts = "forward", options = options, presets = presets "users",
    default_preset = "recommended", make = make, score = score, score_all = score_all,
    check = refinement.check, adapt = adapt,
    prepare = start_base, over = over_items, fitted_parts = { "neighbours" },
    integers = { ["neighbours.neighbours"] = true, ["neighbours.rows"] = true },

    -- The mean over tasks of the error of their query, by each member on its own.
    loss = function(self, batch)
      return mean_over((members.of(self.module)), function(_, network)
        local scores = score_by(self, network, adapt_by(self, network, batch.support, true),
          batch.query)
        return loss_of(self, scores, batch.query)
      end)
    end,
  }

  --- A CMML recommender with fresh weights, in the setting of its catalogue; the same as
  -- `recommenders.cmml`.
  -- @tparam Catalogue|Vectors catalogue
  -- @tparam[opt] table given preset (default: the recommended one of the setting) and, over it,
  -- any option of the model; where a component is another than the preset's, the preset's options
  -- of that component do not count; seed of the initial weights (default 1)
  -- @treturn Recommender its field `training` holds the preset's defaults for `train`
  -- @usage
  -- local model = cmml.cmml(data.catalogue)
  -- local published = cmml.cmml(data.catalogue, { preset = "published-code" })
  -- print(model.options.preset, published.module:count())
  function cmml.cmml(catalogue, given)
    local model = cmml.recommenders.cmml(catalogue, given)
    return model -- no tail call, which would leave out a level
  end
end
