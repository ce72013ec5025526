--- The assertion of the scenario setting: nothing that is evaluated was there to be learnt from.
--
-- @module cmml.settings.scenarios.leaks
local raise = require("cmml.base.args").error

--- The check over a library.
-- @tparam table cmml
-- @treturn function of (models, split, part), which raises where there is a leak, and gives whether
-- a model holds vectors or counts of which it is not at hand what they were made of: a leak there
-- would not be seen
return function(cmml)
  local core = cmml.core

  local function leak(split, what, user, item)
    if user then
      raise(("evaluate: leak: user %s, item %s is to be evaluated, but %s"):format(
        split.data.users:text(user), split.data.items:text(item), what), 0)
    end
  end

  -- Whether a model holds vectors or counts, but not what they were made of: those of a file.
  local function is_unchecked(model)
    local catalogue = model.catalogue
    local counts = catalogue.items.counts
    return next(catalogue.items.vectors) ~= nil and not catalogue.made_of.vectors
      or counts ~= nil and not catalogue.made_of.counts and core.gt(counts, 0):sum():item() > 0
  end

  -- What a model was made of, as far as it tells.
  local function check_model(model, split, held)
    local made_of = model.catalogue.made_of
    local vectors, counted, source = made_of.vectors, made_of.counts, model.catalogue.source
    if vectors then
      leak(split, ("is in what the vectors of %s were made of"):format(tostring(model)),
        core.common_interactions(held, vectors))
    end
    if source then
      leak(split, ("is in the source domain that %s knows"):format(tostring(model)),
        core.common_interactions(held, source))
    end
    if counted and counted.users and counted ~= vectors then
      local rising = core.sparse(counted.users:groups(), counted.items, nil, #counted.users,
        #split.data.items)
      leak(split, ("is in what %s counted"):format(tostring(model)),
        core.common_interactions(held, { users = rising.rows, items = rising.columns }))
    end
  end

  return function(models, split, part)
    if split.leaky then
      return false
    end
    local held = part == "test" and split.held_test or split.held_valid
    leak(split, "is known", core.common_interactions(held, split.known))
    leak(split, "is in the background of the vectors",
      core.common_interactions(held, split.background))
    if split.fresh then
      leak(split, "is asked for in training", core.common_interactions(held, split.fresh))
    end
    if part == "test" then
      leak(split, "is held out for validation", core.common_interactions(held, split.held_valid))
    end
    for _, name in ipairs { "known", "support", "query" } do
      if split.pairs[name] then
        local _, user, item = core.common_pairs(split.pairs[part], split.pairs[name])
        leak(split, ("stands among the pairs that tasks are drawn from (%s)"):format(name), user,
          item)
      end
    end
    local unchecked = false
    for _, model in ipairs(models) do
      check_model(model, split, held)
      unchecked = unchecked or is_unchecked(model)
    end
    return unchecked
  end
end
