--- DCN of the benchmark: training steps at the published sizes on the made ratings of the other
-- cases, 32 people of 50 ratings each a step.
--
-- The peer computes with the same fields, weights and ratings: `dcn.export` writes them, with the
-- loss of every batch.
local program = require "program"

local dcn = {}

local preset = "recommended" -- of the published sizes

--- One training step after another: forward, backward, Adam. The batches take turns.
-- @tparam table cmml the library
-- @tparam table setting model (for its catalogue) and batches
-- @treturn function that does a step
function dcn.step(cmml, setting)
  local model, at = cmml.recommenders.dcn(setting.model.catalogue, { preset = preset }), 0
  local training = model.training
  local optimiser = cmml.optim.adam(model.module, { lr = training.lr,
    weight_decay = training.weight_decay })
  return function()
    at = at % #setting.batches + 1
    optimiser:backward(model:loss(setting.batches[at]))
    optimiser:step()
  end
end

--- Writes fields, weights, ratings and the loss of every batch for the peer.
-- @tparam table cmml the library
-- @tparam table setting
-- @tparam string path
-- @treturn true|nil nil on failure
-- @treturn ?string message
function dcn.export(cmml, setting, path)
  local model = cmml.recommenders.dcn(setting.model.catalogue, { preset = preset })
  local entries, add = program.arrays()
  local sides = { items = model.catalogue.items.bags,
    users = setting.batches[1].support.people.bags }
  for _, side in ipairs { "items", "users" } do
    for i, name in ipairs(model.catalogue[side]:field_names()) do
      local bag = sides[side][i]
      add(("%s.%d.%s.ids"):format(side, i, name), bag.ids:totable())
      if bag.segments then
        add(("%s.%d.%s.lengths"):format(side, i, name), bag.segments:totable())
      end
    end
  end
  for name, parameter in model.module:parameters() do
    add("param." .. name, parameter)
  end
  for i, batch in ipairs(setting.batches) do
    local here = ("batch.%d."):format(i)
    add(here .. "people", batch.support.people.rows:totable())
    for _, part in ipairs { "support", "query" } do
      add(here .. part .. "_items", batch[part].items:totable())
      add(here .. part .. "_labels", batch[part].labels)
    end
    add(here .. "loss", cmml.no_grad(model.loss, model, batch):reshape { 1 })
  end
  return cmml.core.write_archive(path, entries)
end

return dcn
