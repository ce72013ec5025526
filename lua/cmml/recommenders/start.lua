--- How recommenders begin: from options over those of a preset, or from what a model file keeps.
--
-- @module cmml.recommenders.start
local args = require "cmml.base.args"
local raise = args.error

-- Presets that were looked at: those of the library are not when they are declared, and a script
-- may add others to `cmml.presets`.
local checked_presets = setmetatable({}, { __mode = "k" })

-- Options of what a model begins with, which a model of a file has no use for.
local of_start = { preset = true, seed = true }

return function(cmml, use)
  local source_domain = use "data.source_domain"
  local core = cmml.core
  local start = {}

  --- A preset of a kind; raises, with the nearest name, where there is none.
  -- @tparam string where prefix of the message
  -- @tparam Recommender class
  -- @tparam ?string name default: the kind's
  -- @treturn table
  -- @treturn string its name
  function start.preset(where, class, name)
    name = name or class.default_preset
    local preset = class.presets[name]
    if not preset then
      raise(("%s: there is no preset %s of %s for %s; %s"):format(where, args.shown(name),
        class.kind, class.setting.title, args.suggest(name, args.keys(class.presets))), 0)
    end
    if not checked_presets[preset] then
      require("cmml.recommenders.kind_checks").preset(("%s: preset %s"):format(class.kind, name),
        preset, class.known, { class.setting }, 0)
      checked_presets[preset] = true
    end
    return preset, name
  end

  -- The options of a model: what was given, else what its preset says, else the default. What
  -- belongs to another option (as encoder_options to encoder) does not count where that one is
  -- another than the preset's.
  local function chosen_of(class, opt, given)
    local chosen = {}
    local preset = opt.preset and args.call(start.preset, class.kind, class, opt.preset).model or {}
    for declared in class.known:each() do
      local key, of = declared.name, declared.belongs_to
      local replaced = of and given[of] ~= nil and given[of] ~= preset[of]
      if key == "seed" and class.learns == "gradient" then -- of the first weights alone
        chosen[key] = nil
      elseif given[key] ~= nil then
        chosen[key] = args.copy(opt[key])
      elseif declared.inherit then
        chosen[key] = declared.inherit(preset[key], given, preset)
      elseif preset[key] ~= nil and not replaced then
        chosen[key] = args.copy(preset[key])
      else
        chosen[key] = opt[key]
      end
    end
    return chosen
  end

  -- Raises where a catalogue lacks what a kind needs.
  local function check_needs(class, catalogue, level)
    if class.needs.vectors and not catalogue.items.vectors.cf then
      raise(("%s: the catalogue has no vectors; make some with vectors.als or vectors.bpr of the "
        .. "split's background"):format(class.kind), level)
    elseif class.needs.fields and #catalogue.items.fields + #catalogue.users.fields == 0 then
      raise(("%s: the catalogue has no content features (fields)"):format(class.kind), level)
    end
    local lack = class.needs.source and source_domain.lack(catalogue.source)
    if lack then
      raise(("%s: %s"):format(class.kind, lack), level)
    end
  end

  -- The recommender that a kind makes of checked options.
  local function make(class, catalogue, chosen, init)
    if class.declaration.check then
      class.declaration.check(chosen)
    end
    local self = class.declaration.make(catalogue, chosen, init)
    if type(self) ~= "table" then
      raise(("%s: make must give a table of the model's fields, not %s"):format(class.kind,
        args.describe(self)), 0)
    elseif class.learns == "gradient" and type(self.module) ~= "table" then
      raise(("%s: make must give a field module, which holds the weights"):format(class.kind), 0)
    end
    self.catalogue, self.options = catalogue, chosen
    self.training = self.training or (class.presets[chosen.preset] or {}).training
    return setmetatable(self, class)
  end

  --- A recommender with fresh weights.
  -- @tparam string name of the kind
  -- @tparam table classes by setting
  -- @tparam Catalogue|Vectors catalogue
  -- @tparam ?table given options
  -- @treturn Recommender
  function start.construct(name, classes, catalogue, given)
    if getmetatable(catalogue) == cmml.vectors.Vectors then
      catalogue = cmml.scenarios.catalogue { vectors = catalogue }
    end
    args.expect(name .. ": catalogue", catalogue, "cmml.Catalogue", 4)
    local class = classes[catalogue.setting] or raise(("%s: the catalogue is for the setting %s, "
      .. "but this kind is for %s"):format(name, catalogue.setting,
      table.concat(args.keys(classes), " and ")), 3)
    local opt = class.known:check(given, 4, name)
    check_needs(class, catalogue, 3)
    local init = class.learns == "gradient" and cmml.nn.init(opt.seed) or nil
    local self = make(class, catalogue, chosen_of(class, opt, given or {}), init)
    self.fresh = { seed = opt.seed }
    return self
  end

  --- Initial values for a model that comes from a file: a parameter is made only if the file holds
  -- one of its shape, so that memory is in proportion to the file.
  -- @tparam table tensors list of {name, tensor}
  -- @treturn table like `nn.init`
  function start.stored(tensors)
    local stored = {}
    for _, pair in ipairs(tensors) do
      if cmml.is_tensor(pair[2]) then
        local shape = table.concat(pair[2].shape, "x")
        stored[shape] = (stored[shape] or 0) + 1
      end
    end
    local function blank(shape)
      local text = table.concat(shape, "x")
      if not stored[text] or stored[text] == 0 then
        raise(("the model's options ask for a parameter of shape %s, but the file holds %s: it is "
          .. "damaged, or of another version of the library: train the model again, or use the "
          .. "version that wrote it"):format(text,
          stored[text] and "no other" or "none"), 0)
      end
      stored[text] = stored[text] - 1
      return core.full(shape, 0)
    end
    return { uniform = blank, normal = blank }
  end

  -- The options of a file with the defaults of those that there were not when it was written.
  local function completed(class, options)
    local checked, chosen = class.known:check(options, 0, "model options"), args.copy(options)
    for declared in class.known:each() do
      local name = declared.name
      if chosen[name] == nil and not declared.inherit and not of_start[name] then
        chosen[name] = checked[name]
      end
    end
    return chosen
  end

  -- What a recommender has fitted beside its parameters: list of {name, value}, each under the name
  -- of its part.
  local function entries_of_parts(self, parts)
    local list = {}
    for _, part in ipairs(parts) do
      for _, pair in ipairs(self[part] and self[part]:tensors() or {}) do
        list[#list + 1] = { part .. "." .. pair[1], pair[2], pair[3] }
      end
    end
    return list
  end

  -- Completes a class that learns by gradient: its files keep the parameters, and what is fitted
  -- beside them.
  local function complete_module(class)
    local parts = class.declaration.fitted_parts or {}
    function class.set_tensors(self, tensors)
      local values, of_parts = {}, {}
      for _, part in ipairs(parts) do
        of_parts[part] = {}
      end
      for _, pair in ipairs(tensors) do
        local part, name = pair[1]:match "^([^.]+)%.(.+)$"
        local of_part = of_parts[part]
        if of_part then
          of_part[#of_part + 1] = { name, pair[2] }
        else
          values[pair[1]] = pair[2]
        end
      end
      self.module:load_parameters(values)
      for _, part in ipairs(parts) do
        if self[part] then
          self[part]:restore(of_parts[part])
        end
      end
    end
    if class.restore then
      return
    end
    function class.tensors(self)
      local list, more = self.module:named_parameters(), entries_of_parts(self, parts)
      return table.move(more, 1, #more, #list + 1, list)
    end
    function class.restore(catalogue, options, tensors)
      check_needs(class, catalogue, 0)
      local self = make(class, catalogue, completed(class, options), start.stored(tensors))
      self:set_tensors(tensors)
      return self
    end
  end

  --- Completes a class: what a kind need not say of its files.
  -- @tparam Recommender class
  -- @treturn Recommender
  function start.complete(class)
    if class.learns == "gradient" then
      complete_module(class)
    elseif not class.restore then
      function class.tensors()
        return {}
      end
      function class.restore(catalogue, options)
        check_needs(class, catalogue, 0)
        return make(class, catalogue, class.known:check(options, 0, "model options"))
      end
    end
    return class
  end

  return start
end
