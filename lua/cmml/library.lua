--- The library over a core: the float32 one for use, the float64 one for checking.
--
-- Every part is a file that adds its functions to the library it is given, so that the two
-- libraries share all code and no state. The build lists the parts from the folders (parts.lua),
-- floor by floor from the ground up. A part that needs another one of its floor while it is loaded
-- asks for it by `use`, its second argument, which gives what that part returned.
local options = require "cmml.base.options"

local is_built, floors = pcall(require, "cmml.parts")
if not is_built then
  error("cmml: the list of the library's parts, which `make` writes, is missing: " .. floors, 0)
end

-- The function that loads a part once, and one that forgets the parts whose loading failed.
local function loader(cmml)
  local loaded = {}
  local function use(name)
    if loaded[name] == nil then
      loaded[name] = false -- while it is loading
      local _ <close> = options.loading()
      loaded[name] = require("cmml." .. name)(cmml, use) or true
    elseif not loaded[name] then
      error(("the parts of the library need each other in a circle: %s"):format(name), 2)
    end
    return loaded[name]
  end
  return use, function()
    for name, part in pairs(loaded) do
      loaded[name] = part or nil
    end
  end
end

--- The library over a core.
-- @tparam table core what `require "cmml.core"` or `require "cmml.core64"` gives
-- @treturn table the library
return function(core)
  local cmml = {}
  --- The core alone: everything that is made in C.
  cmml.core = core
  --- "cmml " and the version.
  cmml._VERSION = "cmml " .. core.info().version
  local use, forget = loader(cmml)
  use "serve.predictor"

  -- The tables that parts fill, each made once: parts that were loaded before another one failed
  -- are not loaded again.
  local tables = {}
  local function kept(name)
    tables[name] = tables[name] or {}
    return tables[name]
  end
  local function make_tables()
    --- Layers, and what they are made with.
    cmml.nn = kept "nn"
    --- Optimisers and schedules of the learning rate.
    cmml.optim = kept "optim"
    --- Tables, vocabularies, groups and catalogues.
    cmml.data = kept "data"
    --- Vectors of users and items by collaborative filtering.
    cmml.vectors = kept "vectors"
    --- Ratings of users: tasks, splits and protocols.
    cmml.users = kept "users"
    --- Scenarios, which are groups of items: data, splits and tasks.
    cmml.scenarios = kept "scenarios"
    --- Sequences of users: data, splits and tasks.
    cmml.sequences = kept "sequences"
    --- Readers of public data sets.
    cmml.loaders = kept "loaders"
  end

  -- Lists of floors that are loaded together: what most scripts need, then those that are late.
  local waiting = { { "help", before = make_tables } }
  for _, floor in ipairs(floors) do
    local names = floor.late and {} or waiting[1]
    waiting[#waiting + 1] = floor.late and names or nil
    table.move(floor, 1, #floor, #names + 1, names)
  end

  local function load_next()
    local _ = waiting[1].before and waiting[1].before()
    for _, name in ipairs(waiting[1]) do
      use(name)
    end
  end

  local loading = false
  -- What is not there yet is looked for among the floors that wait, one after the other.
  local function find(key)
    if key == "double" and core.info().dtype == "float32" then
      --- The same library over the float64 core, for checking gradients; loaded when first used.
      cmml.double = require "cmml.library"(require "cmml.base.load_core" "cmml.core64")
      return cmml.double
    end
    while rawget(cmml, key) == nil and #waiting > 0 and not loading do
      loading = true
      local ok, problem = pcall(load_next)
      loading = false
      if not ok then -- such as for want of memory: the next time it is tried again
        forget()
        for name in pairs(waiting[1].before and tables or {}) do
          cmml[name] = nil -- a name that is there would not ask for what is not
        end
        error(problem, 0)
      end
      table.remove(waiting, 1)
    end
    return rawget(cmml, key)
  end
  return setmetatable(cmml, {
    __index = function(_, key)
      return find(key)
    end,
    -- A name of a script's own takes the place of one that is there, or would be.
    __newindex = function(_, key, value)
      local _ = not loading and key ~= "double" and find(key)
      rawset(cmml, key, value)
    end,
    __pairs = function()
      find "" -- no such name: all is loaded
      return next, cmml, nil
    end,
  })
end
