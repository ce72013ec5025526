--- Members whose scores are joined by weights that are learnt on people whom none has seen: how
-- they are brought to one scale, what stands for new items meanwhile, and what is told of it.
--
-- A member is a table of name, model (adapt_rows and score_all), says_new (whether it says
-- something of new items) and shares (true: its scores are shares of what followed, whose logarithm
-- counts).
--
-- @module cmml.recommenders.score_members
local plain = require "cmml.base.plain"

-- What is added to shares before their logarithm, so that items which are in none differ by it
-- alone.
local least_share = 1e-3

-- Fraction of the items that stand for new ones, where a model does not say which.
local apart_fraction = 0.1

return function(cmml, use)
  local core = cmml.core
  local score_mix = use "recommenders.score_mix"
  local score_members = {}
  local Members = {}
  Members.__index = Members

  -- 1 for items of which nothing was learnt [1, items]; nil where there is none.
  local function marks_of(catalogue)
    local counts = catalogue.items.counts
    local marks = counts and 1 - counts:step()
    return marks and marks:sum():item() > 0 and marks:reshape { 1, -1 } or nil
  end

  --- How the members of a model are joined.
  -- @tparam Recommender self with catalogue and options (new_offset)
  -- @tparam table members list
  -- @treturn Members with count (of weights) and start (these, with nothing learnt)
  function score_members.new(self, members)
    local marks = marks_of(self.catalogue)
    local form, names = { members = #members, new = {} }, {}
    for i, member in ipairs(members) do
      names[i] = member.name
      form.new[#form.new + 1] = marks and member.says_new and i or nil
    end
    return setmetatable({ marks = #form.new > 0 and marks or nil, form = form, names = names,
      count = score_mix.count(form), start = score_mix.start(form),
      offset = self.options.new_offset }, Members)
  end

  -- Scores of a member on one scale.
  local function scaled(member, scores, marks)
    if not member.shares then
      return score_mix.standardised(scores)
    end
    local known = marks and scores * (1 - marks) or scores
    local shares = known:maximum(0) / (known:sum(2, true) + 1e-9)
    return score_mix.standardised((shares + least_share):log())
  end

  local function scores_of(members, states, marks)
    local list = {}
    for i, member in ipairs(members) do
      list[i] = scaled(member, member.model:score_all(states[i]), marks)
    end
    return list
  end

  --- Adapts all members.
  -- @tparam table members list
  -- @tparam table support Rows
  -- @treturn table a state each, in order; lengths
  function Members.adapt(_, members, support)
    local states = { lengths = score_mix.lengths(support.segments) }
    for i, member in ipairs(members) do
      states[i] = member.model:adapt_rows(support)
      states.diverged = states.diverged or states[i].diverged
    end
    return states
  end

  --- The joined scores of all items.
  -- @tparam table members list
  -- @tparam table states of `adapt`
  -- @tparam Tensor weights [count]
  -- @treturn Tensor [people, items]
  function Members:score_all(members, states, weights)
    return score_mix.joined(self.form, weights, scores_of(members, states, self.marks),
      states.lengths, self.marks, self.offset)
  end

  -- The items that stand for new ones [1, items], where there are such.
  local function apart_of(self, catalogue, given)
    if not self.marks then
      return nil
    elseif given then
      return given
    end
    local some = core.uniform({ #catalogue.items }, 0, 1, { seed = 1,
      stream = core.streams.held_out }):lt(apart_fraction)
    return (catalogue.items.counts:step() * some):reshape { 1, -1 }
  end

  --- Learns the weights on people whom no member has learnt from. Where the catalogue has new items
  -- some others stand for them.
  -- @tparam Recommender model
  -- @tparam SequenceTasks tasks of these people
  -- @tparam function members_of of (apart [items]: 1 for the items that stand for new ones, or
  -- nil): the members, to which nothing is known of these but what is of new ones
  -- @tparam[opt] table options given (Tensor [1, items]: the items that stand for new ones;
  -- default: a tenth), people (how many are looked at; default: all)
  -- @treturn {number,...} weights
  -- @treturn number mean log likelihood of a person less what the start has
  function Members:learn(model, tasks, members_of, options)
    local catalogue = model.catalogue
    options = options or {}
    local n, apart = #catalogue.items, apart_of(self, catalogue, options.given)
    local members = members_of(apart and apart:reshape { -1 })
    local people = tasks:sized(score_mix.batch(self.form, n), options.people)
    local weights, gain = score_mix.learn(self.form, function()
      local batches = people:batches(1)
      return function()
        local batch = batches()
        if not batch then
          return nil
        end
        local targets = batch.query.items:totable()
        for i, item in ipairs(targets) do
          targets[i] = (i - 1) * n + item
        end
        return core.tidy(core.no_grad, function()
          local states = self:adapt(members, batch.support)
          return { scores = scores_of(members, states, apart), lengths = states.lengths,
            marks = apart, targets = core.ids(targets) }
        end)
      end
    end)
    return weights, gain / math.max(#people.users, 1)
  end

  --- What was learnt, for `cmml info`.
  -- @tparam Tensor weights [count]
  -- @treturn table list of {name, value, text}
  function Members:facts(weights)
    local list, parts = weights:totable(), {}
    for i, name in ipairs(self.names) do
      parts[i] = plain.format("%s %.3g", name, list[i])
    end
    for i, m in ipairs(self.form.new) do
      parts[#parts + 1] = plain.format("%s%s %.3g", i == 1 and "of new items " or "",
        self.names[m], list[2 * self.form.members + i])
    end
    if #self.form.new > 0 then
      parts[#parts + 1] = plain.format("offset %.3g", list[#list])
    end
    return { { "fusion", { weights = list, of = self.names }, table.concat(parts, ", ") } }
  end

  return score_members
end
