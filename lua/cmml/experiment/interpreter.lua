--- How a process of this library starts another one: with the interpreter, the module paths and
-- the components that it has itself.
--
-- @module cmml.experiment.interpreter
local interpreter = {}

--- The program that runs this one: the first word of its command line (`arg` of the standalone
-- interpreter), which the system finds as it found it then. A host that embeds Lua has no `arg`;
-- there it is what PATH has under the name of this Lua's version.
-- @treturn string
function interpreter.program()
  local words = rawget(_G, "arg")
  local first
  if type(words) == "table" then
    local i = -1
    while type(words[i]) == "string" do
      first, i = words[i], i - 1
    end
  end
  return first or "lua" .. _VERSION:match "%d+%.%d+"
end

--- The words of a command that calls a function of a module with one text in a process of its own.
-- @tparam string module
-- @tparam string name of the function
-- @tparam string text
-- @treturn {string,...}
function interpreter.command(module, name, text)
  return { interpreter.program(), "-e", ("package.path = %q package.cpath = %q require(%q).%s(%q)")
    :format(package.path, package.cpath, module, name, text) }
end

return interpreter
