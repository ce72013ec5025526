--- Ops for the reference, from their descriptors alone.
local gate = require "gate"
local comments = require "reference.comments"
local ops = {}

-- By the letters of csrc/ops/signature.h.
local kinds = {
  t = { "Tensor", "" },
  T = { "{Tensor,...}", "list of tensors" },
  n = { "Tensor|number", "" },
  x = { "number", "" },
  i = { "integer", "" },
  r = { "integer", "from 1" },
  b = { "boolean", "" },
  d = { "integer", "from 1, or from the end if negative" },
  s = { "{integer,...}", "sizes" },
  p = { "{integer,...}", "from 1" },
  a = { "string", "name of an activation, such as \"relu\"" },
  I = { "Ids", "" },
  S = { "Segments", "" },
}

-- The file of each op, by the list that the core is built from.
local function files_of()
  local files, file = {}, nil
  for _, line in ipairs(gate.lines "csrc/ops/ops.def") do
    file = line:match "^/%* ([%w_]+%.c) %*/$" or file
    local name = line:match "^CM_OP[%u_]*%(([%w_]+)"
    if name then
      files[name] = "csrc/ops/" .. file
    end
  end
  return files
end

local function parameters_of(args)
  local params = {}
  for name, letter, rest in args:gmatch "(%S+):(%a)(%S*)" do
    local kind = kinds[letter] or error("no kind of argument is called " .. letter)
    local default = rest:match "^=(.*)$" or (rest == "?" and letter == "b" and "false")
      or (rest == "?" and letter == "a" and "identity") or nil
    params[#params + 1] = { name = name, type = kind[1], text = kind[2], default = default,
      optional = rest ~= "", letter = letter }
  end
  return params
end

--- Entries of all ops.
-- @tparam table described what `core.ops` gives
-- @treturn table by name
function ops.read(described)
  local files, result = files_of(), {}
  for name, op in pairs(described) do
    local params = parameters_of(op.args)
    local text = op.doc
    if op.nondiff and not text:find "no gradient" then
      text = text .. "; has no gradient"
    end
    result[name] = { name = name, kind = "op", text = text:gsub("%.$", "") .. ".", params = params,
      returns = { { type = "Tensor", text = "" } }, file = files[name], meta = op.meta,
      form = op.form, as_method = params[1].letter == "t" or params[1].letter == "n" }
  end
  return result
end

--- The operators that ops stand behind.
-- @tparam table list of entries
-- @treturn table list of {name, other}: the metamethod without underscores, the type of the second
-- operand or nil
function ops.operators(list)
  local operators = {}
  for _, entry in ipairs(list) do
    if entry.meta then
      local other = entry.params[2]
      operators[#operators + 1] = { name = entry.meta:gsub("^__", ""), result = "Tensor",
        other = other and other.type }
    end
  end
  return operators
end

--- The family of an op: what its file is about.
-- @tparam table entry
-- @treturn string
function ops.family(entry)
  return comments.subject(entry.file)
end

return ops
