-- Vectors for a split, which go on with all that is known, and the preset that trains on them.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local core = cmml.core

local preset = cmml.presets["recommended/scenario"]

describe("vectors of a split", function()
  local split = scenario_world.data(cmml):split { seed = 1, query_fraction = 0.3 }

  it("are of the background, and go on with all that is known", function()
    local options = { factors = 6, alpha = 10, regularization = 3 }
    local background, known = split:vectors(options)
    local function loss(vectors, of)
      local scaled = { vectors.users * vectors.user_scale, vectors.items * vectors.item_scale }
      local matrix = core.sparse(of.users:groups(), of.items, nil, #split.data.users,
        #split.data.items)
      return core.als_loss(matrix, scaled[1], scaled[2], { alpha = 10, regularization = 3 })
    end
    assert.truthy(loss(background, split.background) < loss(known, split.background))
    assert.truthy(loss(known, split.known) < loss(background, split.known))
    assert.equal(split.known, known.interactions)
    local near_by = core.row_dot(background.items, known.items):mean():item() / 6
    assert.truthy(near_by > 0.7, near_by) -- the same axes
    local plain = scenario_world.data(cmml):split { seed = 1 }
    local one, two = plain:vectors { factors = 6 }
    assert.equal(one, two)
  end)

  it("take options by set of a union", function()
    local joined = cmml.scenarios.join { (scenario_world.data(cmml, { name = "tags-1" })),
      (scenario_world.data(cmml, { name = "films" })) }:split { query_fraction = 0.3 }
    local lengths = {}
    for i, sets in ipairs { {}, { tags = { factors = 2 } } } do
      local vectors = joined:vectors { factors = 4, sets = sets }
      assert.equal(4, vectors.items.shape[2])
      lengths[i] = vectors.items:totable()[1]
    end
    assert.same({ lengths[2][1], lengths[2][2] }, { lengths[2][3], lengths[2][4] })
    assert.not_same({ lengths[1][1], lengths[1][2] }, { lengths[1][3], lengths[1][4] })
  end)

  it("stay as solved where options or those of a set say so", function()
    local plain = scenario_world.data(cmml):split { seed = 1 }
    for _, options in ipairs { { unit_rms = false },
      { sets = { world = { unit_rms = false } } } } do
      options.factors, options.iterations = 4, 2
      local vectors = plain:vectors(options)
      assert.equal(1, vectors.user_scale)
      assert.is_false(vectors.options.unit_rms)
    end
  end)

  it("refuse options that make no sense", function()
    refused("method must be \"als\" or \"bpr\", not \"svd\"", split.vectors, split,
      { method = "svd" })
    refused("further must be a whole number of iterations, at least 1, not 0", split.vectors,
      split, { further = 0 })
    refused("sets must be a table", split.vectors, split, { sets = 3 })
    refused("sets.world must be a table of options by name of a set, not number", split.vectors,
      split, { sets = { world = 5 } })
    refused("vectors.als: unknown option", split.vectors, split, { rate = 0.1 })
  end)
end)

describe("the recommended preset", function()
  it("trains as it says, and ranks a made world as well as its vectors can", function()
    local data = scenario_world.data(cmml, { users = 200, scenarios = 40 })
    local split = data:split(preset.split)
    local background, known = split:vectors { factors = 8 }
    local model = cmml.cmml(split:catalogue(background),
      { preset = "recommended/scenario" })
    local epochs = {}
    local result = cmml.train(model, split, { epochs = 2, on_epoch = function(state)
      epochs[#epochs + 1] = state.loss
    end })
    assert.equal("epochs", result.stopped)
    assert.truthy(epochs[2] < epochs[1])
    local rivals = split:rivals(known)
    local found = cmml.evaluate({ model:over(split:catalogue(known)), rivals[2],
      rivals[3] }, split, { cutoffs = { 10 } })
    local recall = {}
    for m = 1, 3 do
      recall[m] = found[m]["recall@10"].mean
    end
    assert.truthy(recall[1] > recall[2] + 0.08 and recall[1] > recall[3] - 0.02,
      table.concat(recall, " "))
  end)
end)
