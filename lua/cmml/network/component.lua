--- The exchangeable parts of CMML's network: encoders, hybrids and modulations, found by name.
--
-- Built-in ones and those of a user are the same thing: a constructor of a module, under a name
-- that model files, presets and tables of experiments use. What each kind takes and returns is
-- described in encoder.lua, hybrid.lua and modulation.lua.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local names = require "cmml.network.names"
local raise = args.error

local kinds = { "encoder", "hybrid", "modulation" }

-- A field of a module that holds a parameter or a module which is not registered, and which of the
-- two: no model file would contain it. Parameters that are registered elsewhere in the module may
-- be in a second field.
local function unregistered(cmml, module)
  local known, found, kind = {}, nil, nil
  for _, entry in ipairs(module:named_parameters()) do
    known[entry[2]] = true
  end
  for key, value in pairs(module) do
    local is_tensor, is_new = cmml.is_tensor(value), false
    if is_tensor then
      is_new = value.tracked and not known[value]
    elseif type(value) == "table" and type(value.named_parameters) == "function" then
      for _, entry in ipairs(value:named_parameters()) do
        is_new = is_new or not known[entry[2]]
      end
    end
    if is_new and (not found or plain.before(plain.tostring(key), found)) then
      found, kind = plain.tostring(key), is_tensor and "parameter" or "module"
    end
  end
  return found, kind
end

return function(cmml)
  --- Constructors of context encoders by name.
  cmml.encoders = {}
  --- Constructors of hybrid context generators by name.
  cmml.hybrids = {}
  --- Constructors of modulation heads by name.
  cmml.modulations = {}

  local registries = { encoder = cmml.encoders, hybrid = cmml.hybrids,
    modulation = cmml.modulations }
  for kind, registry in pairs(registries) do
    names.add(kind, registry)
  end

  --- Registers a component.
  -- @tparam string kind "encoder", "hybrid" or "modulation"
  -- @tparam string name for options, model files and tables
  -- @tparam function constructor of a table of options, giving a Module. The table holds the sizes
  -- that its kind is given, init (from nn.init, to be handed on to every layer), and what the
  -- network's option `<kind>_options` holds
  -- @treturn function the constructor
  function cmml.register_component(kind, name, constructor)
    args.one_of("register_component: kind", kind, kinds)
    if type(name) ~= "string" or name == "" then
      raise("register_component: the name must be a text, not " .. args.shown(name), 2)
    elseif type(constructor) ~= "function" then
      raise("register_component: the constructor must be a function, not " .. type(constructor), 2)
    elseif registries[kind][name] then
      raise(("register_component: the %s %s is registered already"):format(kind, name), 2)
    end
    registries[kind][name] = constructor
    return constructor
  end

  --- Makes a component.
  -- @tparam string kind "encoder", "hybrid" or "modulation"
  -- @tparam string name
  -- @tparam table sizes what its kind is given, and init
  -- @tparam[opt] table options of the component's own; none of those in sizes
  -- @treturn Module
  function cmml.component(kind, name, sizes, options)
    args.one_of("component: kind", kind, kinds)
    args.expect("component: sizes", sizes, "table")
    args.expect("component: options", options or {}, "table")
    local constructor = registries[kind][name]
    if not constructor then
      raise(("network: %s %s is not known; %s; %s"):format(kind, args.quote(name),
        args.suggest(name, args.keys(registries[kind])), names.hint), 2)
    end
    local all = {}
    for key, value in pairs(options or {}) do
      all[key] = value
    end
    for key, value in pairs(sizes) do
      if all[key] ~= nil then
        raise(("network: %s_options: %s is given by the network, not an option of the %s's own")
          :format(kind, key, kind), 2)
      end
      all[key] = value
    end
    local made, module = pcall(constructor, all)
    if not made then -- an error that is not a text is passed on as it is
      raise(type(module) == "string" and ("network: the constructor of the %s %s: %s"):format(kind,
        name, module:gsub("^[^\n]*/component%.lua:%d+: ", "")) or module, 2)
    elseif type(module) ~= "table" or type(module.named_parameters) ~= "function" then
      raise(("network: the constructor of the %s %s gave %s, not a module"):format(kind, name,
        type(module)), 2)
    elseif type(module.forward) ~= "function" then
      raise(("network: the %s %s has no method forward"):format(kind, name), 2)
    end
    local field, what = unregistered(cmml, module)
    if field then
      raise(("network: the constructor of the %s %s: its field %s is a %s that is not registered; "
        .. "use self:register(%q, ..)"):format(kind, name, field, what, field), 2)
    end
    return module
  end
end
