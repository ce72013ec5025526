-- CMML in the scenario setting: that it learns what scenarios share, and its files.
local cmml = require "cmml"
local scenario_world = require "spec.support.scenario_world"

describe("training on scenarios", function()
  it("learns to rank far better than popularity and the CF score", function()
    local data = scenario_world.data(cmml, { users = 200, scenarios = 40 })
    local split = data:split { valid = 0.1 }
    local vectors = cmml.als_vectors { ratings = split.background, n_items = #data.items,
      factors = 8 }
    local model = cmml.scenario_cmml(split:catalogue(vectors), { encoder = "mean",
      encoder_widths = { 16 }, backbone = { 16, 16 }, hyper = { 16, 16 } })
    local result = cmml.train(model, split, { epochs = 4, lr = 0.01, batch = 8, support = 32,
      support_negatives = 32, query = 32, rounds = 10 })
    assert.equal("epochs", result.stopped)
    local rivals = split:rivals(vectors)
    local found = cmml.evaluate_ranking({ model, table.unpack(rivals) }, split,
      { cutoffs = { 10 } })
    local recall = {}
    for m, of_model in ipairs(found) do
      recall[m] = of_model["recall@10"].mean
    end
    assert.truthy(recall[1] > recall[2] + 0.02 and recall[1] > recall[3] + 0.02,
      table.concat(recall, " "))
  end)
end)
