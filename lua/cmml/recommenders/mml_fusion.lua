--- Fusion of what the learners of MML score: by weights that are learnt on people whom none of them
-- has seen, by fixed ones, or by the published gate.
--
-- @module cmml.recommenders.mml_fusion
local args = require "cmml.base.args"
local raise = args.error

-- Training of the gate.
local gate_epochs, gate_batch, gate_lr = 30, 64, 1e-3

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  local latest = use "recommenders.latest"
  local score_members = use "recommenders.score_members"
  use "network.score_fusion"
  local mml_fusion = {}
  local Fusion = {}
  Fusion.__index = Fusion

  -- Rows of sequences, each padded with zeros to so many places [tasks * time, width].
  local function in_places(x, lengths, time)
    local padded = core.pad_segments(x, lengths)
    local tasks, longest, width = table.unpack(padded.shape)
    if longest < time then
      padded = core.concat({ padded, core.full({ tasks, time - longest, width }, 0) }, 2)
    end
    return padded:reshape { tasks * time, width }
  end

  -- The vectors of items as a learner adapted to people has them.
  local function vectors_of(learner, state, rows)
    if state.tuned then
      return state.tuned:vectors(rows.items, rows.segments)
    end
    return state.vectors and state.vectors:gather_rows(rows.items)
      or learner.module.items:of(rows.items)
  end

  -- All places of an adapted learner's last layer, those without an item, too: what the gate reads.
  local function flat_states(member, state, support)
    local learner = member.learner
    local rows = latest.rows(support, learner.options.length)
    local e, time = vectors_of(learner, state, rows), learner.options.length
    local lengths, tasks = rows.segments, #rows.segments
    local of = learner.features and core.embedding(learner.features, rows.items)
    local all = {}
    for t = 1, tasks do
      all[t] = time
    end
    local places = core.segments(all)
    local h = learner.module.encoder(in_places(e, lengths, time), places, { lengths = lengths,
      features = of and in_places(of, lengths, time),
      through = state.tuned and state.tuned.weights(places) })
    return h:reshape { tasks, time * e.shape[2] }
  end

  local function gate_of(self, members, init)
    local learner = members[1].learner
    return cmml.score_fusion { width = learner.options.length * learner.options.width,
      last_relu = self.options.last_relu, init = init or cmml.nn.init(0) }
  end

  -- A fusion of a model that has learnt nothing yet.
  local function new(self, members)
    local fusion = setmetatable({ way = self.options.fusion,
      joint = score_members.new(self, members) }, Fusion)
    if fusion.way == "fixed" then
      local weights = table.move(self.options.weights, 1, #self.options.weights, 1, {})
      for i = #weights + 1, #members do
        weights[i] = 1
      end
      fusion.weights = core.tensor(weights)
    end
    return fusion
  end

  -- By weights; of a model with a generator the items that it has not seen stand for new ones.
  local function learn_weights(fusion, self, members, tasks)
    local generator, given = self.generator, nil
    if generator then
      local n = #self.catalogue.items
      given = core.scatter_add_rows(core.full({ n }, 0), core.full({ #generator.apart }, 1),
        generator.apart):reshape { 1, -1 }
      generator.standing_in = generator.apart
    end
    local ok, weights = pcall(fusion.joint.learn, fusion.joint, self, tasks, function()
      return members
    end, { given = given })
    if generator then
      generator.standing_in = nil
    end
    if not ok then
      raise(weights, 0)
    end
    fusion.weights = core.tensor(weights)
  end

  -- The published gate, on people whom no learner has seen.
  local function learn_gate(fusion, self, members, tasks)
    fusion.gate = gate_of(self, members)
    local optimizer = cmml.optim.adam(fusion.gate, { lr = gate_lr })
    local n, people = #self.catalogue.items, tasks:sized(gate_batch)
    for epoch = 1, gate_epochs do
      for batch in people:batches(epoch) do
        core.tidy(function()
          local states, scores = {}, {}
          core.no_grad(function()
            for i, member in ipairs(members) do
              local state = member.model:adapt_rows(batch.support)
              states[i] = flat_states(member, state, batch.support)
              scores[i] = member.model:score_all(state)
            end
          end)
          local fused = fusion.gate(states, scores)
          optimizer:backward(core.cross_entropy(fused:reshape { -1, n }, batch.query.items))
          optimizer:step()
        end)
      end
    end
  end

  --- Raises where there is nobody on whom a fusion is learnt.
  -- @tparam Recommender self
  -- @tparam table split
  function mml_fusion.check(self, split)
    if self.options.fusion ~= "fixed" and #split.valid == 0 then
      raise(("mml: there are no validation users, on whom fusion is learnt: raise %s"):format(
        args.option "valid"), 0)
    end
  end

  --- Learns how the members' scores are joined.
  -- @tparam Recommender self
  -- @tparam table members list of {name, model, learner, says_new, shares}
  -- @tparam table split whose validation people no member has learnt from
  -- @treturn table with adapt, score_all, tensors and facts
  function mml_fusion.learn(self, members, split)
    local fusion = new(self, members)
    if fusion.way == "fixed" then
      return fusion
    end
    local tasks = cmml.sequences.validation_tasks(split)
    local learn = fusion.way == "learned" and learn_weights or learn_gate
    learn(fusion, self, members, tasks)
    return fusion
  end

  --- What a file keeps.
  -- @treturn table list of {name, tensor}
  function Fusion:tensors()
    if self.way == "gate" then
      return self.gate:named_parameters()
    end
    return { { "weights", self.weights } }
  end

  --- The fusion that a file keeps.
  -- @tparam Recommender self
  -- @tparam table members
  -- @tparam table entries list of {name, tensor}
  -- @treturn table see `learn`
  function mml_fusion.restore(self, members, entries)
    local fusion = new(self, members)
    if fusion.way == "gate" then
      fusion.gate = gate_of(self, members)
      local values = {}
      for _, entry in ipairs(entries) do
        values[entry[1]] = entry[2]
      end
      fusion.gate:load_parameters(values)
      return fusion
    end
    check_entries(entries, { { "weights", { fusion.way == "fixed" and #members
      or fusion.joint.count } } })
    fusion.weights = entries[1][2]
    return fusion
  end

  --- Adapts all members.
  -- @tparam table members
  -- @tparam table support Rows
  -- @treturn table
  function Fusion:adapt(members, support)
    local states = self.joint:adapt(members, support)
    if self.way == "gate" then
      local flat = {}
      for i, member in ipairs(members) do
        flat[i] = flat_states(member, states[i], support)
      end
      states.alpha = self.gate:weights(flat)
    end
    return states
  end

  --- The joined scores of all items.
  -- @tparam table members
  -- @tparam table states
  -- @treturn Tensor [people, items]
  function Fusion:score_all(members, states)
    if self.way == "learned" then
      return self.joint:score_all(members, states, self.weights)
    end
    local scores = {}
    for i, member in ipairs(members) do
      scores[i] = member.model:score_all(states[i])
    end
    if self.way == "gate" then
      return self.gate:fuse(scores, states.alpha)
    end
    return cmml.fuse_standardised(scores, self.weights)
  end

  --- What `cmml info` tells.
  -- @treturn table list of {name, value, text}
  function Fusion:facts()
    return self.way == "learned" and self.joint:facts(self.weights) or {}
  end

  return mml_fusion
end
