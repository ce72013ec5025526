-- Which frozen models adapt by what is new alone. That they then give the same as of all at once is
-- checked of every kind in freeze_spec.lua.
local cmml = require "cmml"
local people = require "spec.support.people"

local data = people.data(cmml, { users = 60, items = 40, rated = 20 })

local function is_split(model)
  return cmml.freeze(model).text:find('"rows":{"inputs"', 1, true) ~= nil
end

describe("a frozen model adapts by what is new alone", function()
  for kind, expected in pairs { cmml_lists = true, ease = true, factor_analysis = true, ials = true,
    item_knn_implicit = true, matrix_factorization = true, slim = true, tanp = true,
    item_knn = false, user_knn = false, melu = false } do
    it((expected and "" or "not ") .. "of the kind " .. kind, function()
      local model = cmml.recommenders[kind](data.catalogue)
      if model.fit then
        model:fit(model.setting.learnable(data))
      end
      assert.equal(expected, is_split(model))
    end)
  end

  for preset, expected in pairs { paper = true, ["published-code"] = true, recommended = false } do
    it((expected and "" or "not ") .. "of the preset " .. preset, function()
      assert.equal(expected, is_split(cmml.cmml(data.catalogue, { preset = preset })))
    end)
  end

  it("with the encoders that add up or go on", function()
    local split = {}
    for encoder in pairs(cmml.encoders) do
      local options = people.small(1)
      options.encoder = encoder
      split[encoder] = is_split(cmml.cmml(data.catalogue, options)) or nil
    end
    assert.same({ mean = true, sum = true, gru = true }, split)
  end)
end)
