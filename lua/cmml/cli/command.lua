--- Commands: what `cmml NAME` runs, registered by name. What comes with the library (the folder
-- cli/) and what a user's module adds by `cmml.command` are the same thing:
--
--    cmml.command {
--      name = "count",
--      summary = "count the items of a model",
--      usage = "cmml count --model FILE",
--      options = { { name = "model", kind = "string", arg = "FILE", required = true,
--        help = "model file" } },
--      run = function(values)
--        local model, message = cmml.load(values.model)
--        print(model and #model.catalogue.items)
--        return model ~= nil, message
--      end,
--    }
--
-- `cmml --modules my.module count --model FILE` runs it, and `cmml --modules my.module --help`
-- lists it.
--
-- @module cmml
local args = require "cmml.base.args"
local options = require "cmml.base.options"
local plain = require "cmml.base.plain"
local registry = require "cmml.base.registry"
local raise = args.error

local fields = { name = "string", summary = "string", usage = "string", words = "integer",
  options = "table function", run = "function", resumes = "string function", examples = "table",
  lists = "function" }

local needed = { "name", "summary", "usage", "run" }

-- What every command takes.
local general = options.declare("cmml (every command)", {
  { name = "modules", list = "string", tunable = false,
    help = "Lua modules to require first, such as those that register components, kinds, metrics "
      .. "or commands of your own; found where Lua looks (LUA_PATH), in this folder, too" },
})

return function(cmml)
  local commands = registry.new("command", "command")
  --- Commands by name: a registry with get, find, names and each.
  cmml.commands = commands

  local Command = { __name = "cmml.Command", words = 0 }
  Command.__index = Command

  -- Sets as one; of a name that several have the first declaration counts.
  local function join(sets)
    local list = {}
    for _, set in ipairs(sets) do
      for declared in set:each() do
        list[#list + 1] = declared
      end
    end
    return options.of("cmml", list)
  end

  local function check_fields(where, declaration)
    args.fields(where, declaration, fields, needed, 4)
    if type(declaration.words) == "number" and declaration.words < 0 then
      raise(("%s: words must be at least 0, but is %d"):format(where, declaration.words), 3)
    end
    for i, example in ipairs(declaration.examples or {}) do
      if type(example) ~= "string" then
        raise(("%s: entry %d of examples must be a line of text, not %s"):format(where, i,
          args.describe(example)), 3)
      end
    end
  end

  -- A set of options of what a declaration gives, with those of every command.
  local function complete(name, given)
    if not args.fits(given, "cmml.Options") then
      given = options.declare("cmml " .. name, given)
      given:names() -- what is wrong is found now
    end
    if given:find "modules" then
      raise(("command %s: option modules is declared already, for every command"):format(name), 0)
    end
    return join { given, general }
  end

  --- Declares a command. What is declared wrongly is refused here.
  -- @tparam table declaration name; summary (a line, without full stop); usage; options (list of
  -- declarations, see base/option.lua, or a set of them, or a function of the command line's
  -- words that gives one of these, and optionally a list of the sets that the help shows instead);
  -- words (how many words may stand without an option's name, default 0; they are the list part of
  -- values); run (a function of values by name, which gives true, or nil and a message; an option
  -- that was not given has its default, but `pairs` passes over it); resumes (what to say when the
  -- command is interrupted: a text, or a function of values that gives one or nil); examples (lines
  -- for the help); lists (a function of the words that gives what the help lists besides: list of
  -- {title, list of names, or of {name, what it is}})
  -- @treturn table the command: the declaration, and options as a function of words
  function cmml.command(declaration)
    if type(declaration) ~= "table" then
      raise("command: a table was expected, not " .. args.describe(declaration), 2)
    end
    local where = "command " .. tostring(declaration.name)
    check_fields(where, declaration)
    local self, given = {}, declaration.options or {}
    for key, value in pairs(declaration) do
      self[key] = value
    end
    local set = type(given) == "table" and args.call(complete, declaration.name, given)
    -- The options for the words of a command line, and those that the help shows.
    function self.options(words)
      local own, shown = set, nil
      if not own then
        own, shown = given(words)
        own = complete(declaration.name, own)
      end
      if shown then
        shown[1] = join { shown[1], general }
      end
      return own, shown or { own }
    end
    local command = commands:add(declaration.name, setmetatable(self, Command))
    return command -- no tail call, which would leave out a level
  end

  -- The settings by rank.
  local function settings()
    local list = {}
    for _, setting in cmml.settings:each() do
      list[#list + 1] = setting
    end
    plain.sort(list, function(a, b)
      return a.rank < b.rank
    end)
    return list
  end

  return { join = join, settings = settings }
end
