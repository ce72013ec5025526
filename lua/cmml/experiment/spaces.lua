--- What of a kind may be tuned, and what it is searched over where nothing else is said.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local space = require "cmml.experiment.space"
local raise = args.error

return function(cmml, use)
  local train_options = use "train.options"
  local spaces = {}

  --- The options that may be searched: of the kind, and of a training in its setting if it has one.
  -- @tparam Recommender class
  -- @treturn table by name {part ("model" or "training"), known (the options it is of)}
  -- @treturn {string,...} their names
  function spaces.searched(class)
    local of, names = {}, {}
    for part, known in pairs { model = class.known,
      training = class.learns == "gradient" and train_options.all() or nil } do
      for declared in known:each() do
        local own = declared.setting
        if declared.tunable ~= false and (not own or own == class.setting.name) then
          names[#names + 1] = not of[declared.name] and declared.name or nil
          if not of[declared.name] or part == "model" then
            of[declared.name] = { part = part, known = known }
          end
        end
      end
    end
    plain.sort(names)
    return of, names
  end

  -- What the options of a kind, and those of its training, declare to be searched.
  local function declared_of(class)
    local of, names = spaces.searched(class)
    local entries = {}
    for _, name in ipairs(names) do
      local of_setting = of[name].part == "training" and (class.setting.search or {})[name] or nil
      entries[name] = of_setting or of[name].known:find(name).search
    end
    return entries
  end

  --- Whether they declare anything.
  -- @tparam Recommender class
  -- @treturn boolean
  function spaces.has_own(class)
    return next(declared_of(class)) ~= nil
  end

  --- The space of a kind: what its options, and those of its training, declare to be searched.
  -- Raises where they declare nothing.
  -- @tparam Recommender class
  -- @treturn table see `space.read`
  function spaces.own(class)
    local entries = declared_of(class)
    if next(entries) == nil then
      raise(("tune: model: the options of %s declare nothing to search; give %s"):format(class.kind,
        args.option "space"), 0)
    end
    return space.read(cmml.core, entries)
  end

  return spaces
end
