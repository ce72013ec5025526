--- Programs of frozen graphs as the plain data that csrc/predict reads; see program.c and frozen.c
-- there.
--
-- @module cmml.serve.encode
local args = require "cmml.base.args"
local arguments = require "cmml.serve.arguments"
local raise = args.error

return function(cmml)
  local core = cmml.core
  local letters = { tensor = "t", ids = "I", segments = "S" }
  --- What collects the constants of programs, made by `encode.new`.
  local Encoder = { __name = "cmml.Encoder" }
  Encoder.__index = Encoder
  local encode = {}

  --- What collects constants of programs.
  -- @tparam table known names of arrays that the file has anyway, by the Tensor that each is
  -- @treturn Encoder with constants (list of {name, kind letter}) and entries (what the file has to
  -- keep besides: list of {name, value, dtype})
  function encode.new(known)
    return setmetatable({ known = known, constants = {}, entries = {}, place = {} }, Encoder)
  end

  -- What a file keeps of a constant.
  local function kept(kind, object)
    if kind == "tensor" then
      return object
    end
    return object:totable(), "I32"
  end

  --- The number of a constant, from 0.
  -- @tparam string kind "tensor", "ids" or "segments"
  -- @tparam Tensor|Ids|Segments object
  -- @treturn integer
  function Encoder:constant(kind, object)
    local place = self.place[object]
    if not place then
      local name = self.known[object]
      if not name then
        name = ("graph.%d"):format(#self.constants)
        local value, dtype = kept(kind, object)
        self.entries[#self.entries + 1] = { name = name, value = value, dtype = dtype }
      end
      place = #self.constants
      self.constants[place + 1], self.place[object] = { name, letters[kind] }, place
    end
    return place
  end

  local function is_finite(number)
    return number - number == 0
  end

  --- An argument as plain data.
  -- @param argument as graphs have it
  -- @tparam function number of (value): its place
  -- @return nil where it is left out
  function Encoder:argument(argument, number)
    if type(argument) == "number" and not is_finite(argument) then
      raise("an argument is " .. tostring(argument) .. ", which no file can hold", 0)
    elseif type(argument) ~= "table" then
      return argument
    elseif argument.none then
      return nil
    end
    local value = argument.value or argument.size
    if value and value.constant then
      return argument.value and { c = self:constant(value.kind, value.constant) }
        or value.sizes[argument.dim] * argument.times + argument.plus
    elseif value then
      return argument.value and { v = number(value) } or { s = number(value), d = argument.dim - 1,
        times = argument.times, plus = argument.plus }
    end
    local own = {}
    for key, inner in arguments.entries(argument) do
      own[key] = self:argument(inner, number)
    end
    return own
  end

  --- A program as plain data.
  -- @tparam table program of `programs.of`
  -- @tparam table names of the values that come from outside, by value
  -- @treturn table inputs, nodes and outputs
  function Encoder:program(program, names)
    local places, count, data = {}, 0, { inputs = {}, nodes = {}, outputs = {} }
    local function add(value)
      places[value], count = count, count + 1
    end
    for i, value in ipairs(program.inputs) do
      data.inputs[i] = { names[value], letters[value.kind] }
      add(value)
    end
    for i, node in ipairs(program.nodes) do
      local list, last = {}, 0
      for k, argument in ipairs(node.arguments) do
        local own = self:argument(argument, function(value)
          return places[value]
        end)
        last = own ~= nil and k or last
        list[k] = own == nil and core.json_null or own
      end
      for k = #list, last + 1, -1 do
        list[k] = nil
      end
      data.nodes[i] = { node.call, list, #node.gives }
      for _, value in ipairs(node.gives) do
        add(value)
      end
    end
    for i, output in ipairs(program.outputs) do
      data.outputs[i] = { output.name, self:argument({ value = output.value }, function(value)
        return places[value]
      end) }
    end
    return data
  end

  --- A number that says whether two frozen graphs compute the same.
  -- @tparam string text of the graph
  -- @tparam table encoder whose constants the graph has
  -- @tparam Catalogue catalogue whose rows of items it speaks of
  -- @treturn string 16 hexadecimal digits
  function encode.hash(text, encoder, catalogue)
    local hash = core.hash((catalogue.items.ids:export()), core.hash(text))
    local objects = {}
    for object, place in pairs(encoder.place) do
      objects[place + 1] = object
    end
    for _, object in ipairs(objects) do
      hash = core.hash(cmml.is_tensor(object) and object:tobytes()
        or table.concat(object:totable(), ","), hash)
    end
    return ("%016x"):format(hash)
  end

  return encode
end
