--- The cases of MeLU (Lee et al., KDD 2019): second-order training through inner steps, at the
-- published sizes on MovieLens-1M, and adapting one person.
local melu = {}

local preset = "published-code"

-- A model over the catalogue of the other cases, with some options changed.
local function model_of(cmml, setting, options)
  options.preset = preset
  return cmml.recommenders.melu(setting().model.catalogue, options)
end

--- A training step on the batches of the case `step`: inner steps on all tasks at once, gradients
-- through them, clipping and Adam.
-- @tparam table cmml
-- @tparam function setting gives the model and batches that the cases share
-- @tparam table options of the model
-- @treturn function
function melu.step(cmml, setting, options)
  local model, at = model_of(cmml, setting, options), 0
  local training = model.training
  local optimiser = cmml.optim.adam(model.module, { lr = training.lr, clip = training.clip })
  return function()
    local batches = setting().batches
    at = at % #batches + 1
    optimiser:backward(model:loss(batches[at]))
    optimiser:step()
  end
end

--- Adapting one person to 40 ratings by 5 inner steps.
-- @tparam table cmml
-- @tparam function setting
-- @treturn function
function melu.adapt(cmml, setting)
  local model, support = model_of(cmml, setting, {}), setting().one.support
  return function()
    model:state_of(support)
  end
end

return melu
