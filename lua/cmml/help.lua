--- Help in the interpreter.
--
-- @module cmml
local args = require "cmml.args"
local options = require "cmml.options"

return function(cmml)
  --- Prints what an op does, or the list of all ops.
  -- @tparam[opt] string name
  function cmml.help(name)
    local ops = cmml.core.ops()
    local names = {}
    for op in pairs(ops) do
      names[#names + 1] = op
    end
    table.sort(names)
    if name == nil then
      print("ops (each is cmml.<op>(..) and a method t:<op>(..)):")
      for _, op in ipairs(names) do
        print("  " .. ops[op].signature)
      end
    elseif ops[name] then
      print(("%s\n  %s\n  (%s%s)"):format(ops[name].signature,
        options.wrap(ops[name].doc, 2, 79), ops[name].form,
        ops[name].nondiff and ", no gradient" or ""))
    else
      print(("there is no op %s; did you mean %s?"):format(tostring(name),
        args.nearest(tostring(name), names)))
    end
  end
end
