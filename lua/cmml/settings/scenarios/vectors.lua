--- Vectors for a split: of its background, and the same gone on with all that is known.
--
-- @module cmml
local check = require "cmml.settings.scenarios.vector_checks"

-- What does best on validation scenarios; doc/results/recommended-scenarios.md tells more. Those
-- of a set were chosen on its validation users.
local recommended = { method = "als", factors = 64, alpha = 100, regularization = 300, sets = {
  lastfm = { alpha = 60, regularization = 250 },
  yelp = { alpha = 800, regularization = 2400 } } }

return function(cmml, use)
  local Split = use "settings.scenarios.split"
  local own = { method = true, sets = true, further = true }

  -- What `sets` says of a set: under its name, or the longest beginning of it.
  local function of_set(sets, name)
    for length = #name, 1, -1 do
      local found = sets[name:sub(1, length)]
      if found then
        return found
      end
    end
    return {}
  end

  -- The options of a set over those of all.
  local function options_of(options, name, given)
    local all = {}
    for _, source in ipairs { options, of_set(options.sets or {}, name), given } do
      for key, value in pairs(source) do
        if not own[key] then
          all[key] = value
        end
      end
    end
    return all
  end

  --- Vectors by collaborative filtering for the users and items of a split; of a union for each of
  -- its sets alone. Training reads those of the background, which have not seen what it asks for.
  -- Where the split has a query_fraction, what the model then serves with are vectors that went on
  -- from those with all known interactions (`Recommender:over`): the axes are the same.
  -- @tparam[opt] table options method ("als", the default, or "bpr"); any option of `vectors.als`
  -- or `vectors.bpr`; sets (such options over these, by name of a set or what it begins with:
  -- {lastfm = {alpha = 40}});
  -- further (iterations that go on with all known interactions, 8)
  -- @treturn Vectors of the background
  -- @treturn Vectors of all that is known; the same ones where that is the background
  function Split:vectors(options)
    options = options or {}
    local method, further = check(options, 3)
    local make = cmml.vectors[method]
    local made = {}
    local background = self.data:vectors(self.background, function(given, name)
      made[name] = make(options_of(options, name, given))
      return made[name]
    end)
    background.interactions = self.background
    if not self.fresh then
      return background, background
    end
    local known = self.data:vectors(self.known, function(given, name)
      given.start, given.iterations = made[name], further
      return make(options_of(options, name, given))
    end)
    known.interactions = self.known
    return background, known
  end

  return recommended
end
