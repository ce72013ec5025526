--- What a function computes, as a list of calls of the core.
--
-- A trace holds every call, with its arguments and results, and says of each tensor or list which
-- call it comes from. What no call of the trace made was there before: weights, a catalogue.
--
-- @module cmml.serve.trace
local plain = require "cmml.base.plain"

return function(cmml, use)
  local core = cmml.core
  local classes = use "tensor.classes"
  local trace = {}

  -- Calls that give back what they were given, or what calls inside of them made.
  local passing = { ["Tensor:detach"] = true, ["Tensor:clone"] = true, ["Tensor:track"] = true,
    no_grad = true, tidy = true, keep = true, trace = true }

  --- The kind of a value that a graph can have.
  -- @param value
  -- @treturn ?string "tensor", "ids" or "segments"; nil of others
  function trace.kind_of(value)
    local meta = type(value) == "userdata" and getmetatable(value)
    local name = type(meta) == "table" and meta.__name
    return name == classes.tensor and "tensor" or name == classes.ids and "ids"
      or name == classes.segments and "segments" or nil
  end

  --- The sizes of a value: of a tensor its shape, of ids their number, of segments theirs and that
  -- of all rows.
  -- @tparam string kind "tensor", "ids" or "segments"
  -- @tparam userdata value
  -- @treturn {integer,...}
  function trace.sizes_of(kind, value)
    if kind == "tensor" then
      return value.shape
    end
    return kind == "ids" and { #value } or { #value, value:rows() }
  end

  --- Calls a function for each value in a table, at whatever depth, in a fixed order.
  -- @param from a value, or a table
  -- @tparam function f of (kind, value)
  function trace.each_value(from, f)
    local kind = trace.kind_of(from)
    if kind then
      f(kind, from)
    elseif type(from) == "table" and getmetatable(from) == nil then
      local keys = {}
      for key in pairs(from) do
        keys[#keys + 1] = key
      end
      plain.sort(keys, function(a, b)
        return plain.tostring(a) < plain.tostring(b)
      end)
      for _, key in ipairs(keys) do
        trace.each_value(from[key], f)
      end
    end
  end

  -- Notes the values that a call or the outside made.
  local function note(self, from, call)
    trace.each_value(from, function(kind, value)
      if not self.made[value] then
        local made = { kind = kind, value = value, call = call,
          sizes = trace.sizes_of(kind, value) }
        self.made[value] = made
        self.values[#self.values + 1], made.place = made, #self.values + 1
        if call then
          call.gives[#call.gives + 1] = made
        end
      end
    end)
  end

  --- Runs a function, without recording gradients.
  -- @tparam table inputs list of {name, value}: what is given to it from outside; values are
  -- Tensors, Ids and Segments
  -- @tparam function f of (late): a function that says that calls from here on are late
  -- @treturn table calls (list of {name, arguments, results, gives, late}), made (by value: kind,
  -- value, sizes, call or input, place), values (the same as a list, in order)
  -- @treturn any what f gave first
  function trace.of(inputs, f)
    local self = { calls = {}, made = {}, values = {} }
    for _, input in ipairs(inputs) do
      note(self, input[2])
      self.made[input[2]].input = input[1]
    end
    local function told(name, arguments, results)
      local first, alias = self.made[arguments[1]], results[1]
      if passing[name] then
        if first and trace.kind_of(alias) then
          self.made[alias] = first
        end
        return
      end
      local call = { name = name, arguments = arguments, results = results, gives = {},
        late = self.is_late }
      note(self, results, call)
      if #call.gives > 0 then
        self.calls[#self.calls + 1] = call
      end
    end
    return self, core.trace(told, core.no_grad, f, function()
      self.is_late = true
    end)
  end

  return trace
end
