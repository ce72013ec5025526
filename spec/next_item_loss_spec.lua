-- Losses of what came next: against sums written out, and that the mean of the rows' errors is the
-- loss, in double precision.
local cmml = require("cmml").double
local core = cmml.core
local next_item = require "cmml.recommenders.next_item_loss"(cmml)

local known = cmml.ids { 2, 3, 5, 6 }
local vectors = core.normal({ 6, 3 }, 0, 1, { seed = 1 })
local states = core.normal({ 4, 3 }, 0, 1, { seed = 2 })
local targets = cmml.ids { 3, 6, 2, 3 }
local batch = { seed = 4, draw = 1, tasks = { 1 } }

local function self_of(loss, negatives)
  return { options = { loss = loss, negatives = negatives }, known = known, module = { items = {
    all = function()
      return vectors
    end, of = function(_, ids)
      return vectors:gather_rows(ids)
    end } } }
end

-- The cross entropy of row r among some items.
local function entropy(r, among)
  local sum, own = 0, nil
  for _, item in ipairs(among) do
    local score = 0
    for i = 1, 3 do
      score = score + states:totable()[r][i] * vectors:totable()[item][i]
    end
    sum = sum + math.exp(score)
    own = item == targets:totable()[r] and score or own
  end
  return math.log(sum) - own
end

describe("losses of what came next", function()
  it("count places among the items that may be learnt from", function()
    assert.same({ 0, 1, 2, 0, 3, 4 }, next_item.places(known, 6):totable())
  end)

  it("are cross entropies among these items, whichever way they are asked for", function()
    local mean, errors = next_item.among_known(known, vectors, targets)
    local sum = 0
    for r, found in ipairs(errors(states):totable()) do
      local expected = entropy(r, known:totable())
      assert.near(expected, found, 1e-12)
      sum = sum + expected / 4
    end
    assert.near(sum, mean(states):item(), 1e-12)
    local rows = { items = cmml.ids { 2, 3, 6, 5 }, following = targets }
    for _, of in ipairs { { "softmax", 1 }, { "sampled", 4 } } do -- as many as there are: all
      local e, loss = next_item.of(self_of(table.unpack(of)), rows, batch)
      assert.same(vectors:gather_rows(rows.items):totable(), e:totable())
      assert.near(sum, loss(states):item(), 1e-12)
    end
  end)

  it("are the mean of the rows' errors", function()
    local rows = { items = cmml.ids { 2, 3, 6, 5 }, following = targets }
    for _, of in ipairs { { "softmax", 1 }, { "sampled", 2 }, { "bpr", 1 } } do
      local _, loss, errors = next_item.of(self_of(table.unpack(of)), rows, batch)
      assert.near(errors(states):mean():item(), loss(states):item(), 1e-9)
    end
  end)

  it("compare with items drawn by place and step, whatever other rows there are", function()
    local both = next_item.others_at(known, cmml.ids { 3, 6, 3, 6, 2 }, cmml.ids { 1, 2, 1, 2, 3 },
      5):totable()
    local alone = next_item.others_at(known, cmml.ids { 3, 6, 2 }, cmml.ids { 1, 2, 3 },
      5):totable()
    assert.same({ both[3], both[4], both[5] }, alone)
    assert.same({ both[1], both[2] }, { both[3], both[4] })
    local found, targets_of, places = {}, {}, {}
    for place = 1, 100 do
      targets_of[place], places[place] = 3, place
    end
    for _, item in ipairs(next_item.others_at(known, cmml.ids(targets_of), cmml.ids(places),
      1):totable()) do
      found[item] = (found[item] or 0) + 1
    end
    assert.is_true((found[3] or 0) < 20, found[3]) -- a target where both draws are it: one in 16
    for _, item in ipairs { 2, 5, 6 } do
      assert.is_true(found[item] > 10)
    end
  end)
end)
