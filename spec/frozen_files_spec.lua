-- Frozen graphs from outside: whatever is wrong with one is refused with what it is, and nothing
-- else happens. What random changes find is looked for by `make fuzz-frozen`.
local archive = require "spec.fuzz.models.archive"
local cmml = require "cmml"
local graph_files = require "spec.support.graph_files"
local people = require "spec.support.people"
local core = cmml.core

local data = people.data(cmml, { users = 20, items = 12, rated = 6 })

-- A frozen model of a file: gives the parts of it, and opens it when its graph was changed.
local function file_of(model)
  local path = os.tmpname()
  assert(cmml.freeze(model):save(path))
  local bytes = core.read_file(path)
  local function open(edit, limits)
    local parsed, graph = graph_files.parse(bytes)
    graph = edit(graph, parsed) or graph
    assert(core.write_file(path, archive.bytes(graph_files.with(parsed, graph))))
    local predictor, message = core.open_predictor(path, limits or { support = 20, block = 5 })
    os.remove(path)
    return predictor, message
  end
  return open
end

local open = file_of(cmml.cmml(data.catalogue, people.small(1)))

local function refused(text, edit, limits, how)
  local predictor, message = (how or open)(edit, limits)
  assert.is_nil(predictor)
  assert.truthy(message:find(text, 1, true), message)
end

-- A change of the first node, or of that of some name, of a program.
local function node(program, name, edit)
  return function(graph)
    for _, own in ipairs(graph.parts[1][program].nodes) do
      if not name or own[1] == name then
        return edit(own, graph)
      end
    end
    error("no such node: " .. name)
  end
end

-- A graph whose items or scores are made by these nodes.
local function with_nodes(program, nodes)
  return function(graph)
    local of = graph.parts[1][program]
    of.nodes = nodes
    for _, output in ipairs(of.outputs) do
      output[2] = { v = #of.inputs }
    end
    graph.parts[1].rows, graph.parts[1].rest, graph.parts[1].sums = nil, nil, nil
  end
end

describe("a frozen graph", function()
  it("opens as it is", function()
    local predictor = assert(open(function() end))
    assert.equal(3, predictor:context():recommend(1, 3, {}, {}))
  end)

  it("is no other thing", function()
    for text, wrong in pairs { ["line 1, column 1"] = "", ["it is no object"] = "[]",
      ["it is of a version that this library does not know"] = "{}" } do
      refused(text, function() return wrong end)
    end
    refused("it is no object", function() return "3" end)
    refused("key twice", function() return '{"a":1,"a":2}' end)
    refused("column", function() return ("["):rep(100) .. ("]"):rep(100) end)
  end)

  it("is of this version, with a hash, parts and constants", function()
    local function set(key, value)
      return function(graph)
        graph[key] = value
      end
    end
    for _, version in ipairs { 0, 2, 1.5, "1" } do
      refused("it is of a version that this library does not know", set("version", version))
    end
    refused("it has no hash", set("hash", nil))
    refused("it has no hash", set("hash", "0123"))
    refused("its hash is no hexadecimal number", set("hash", "0123456789abcdeG"))
    refused("its hash is no hexadecimal number", set("hash", "0123456789abcde\0"))
    refused("it must have one part or two", set("parts", {}))
    refused("it must have one part or two", set("parts", { {}, {}, {} }))
    refused("it must have one part or two", set("parts", nil))
    refused("it has no constants", set("constants", nil))
    refused("what is in no list is no list of items", set("unlisted", 9999))
    refused("what is in no list is no list of items", set("unlisted", "x"))
    for _, part in ipairs { 3, "x", { 1, 2, 3 }, { { { 4 } } }, { 0.5, -7, 1e300, 2 ^ 40 } } do
      refused("a part must have programs", set("parts", { part })) -- no table is read as another
    end
  end)

  it("has constants that the file has, of their kinds", function()
    local function constant(value)
      return function(graph)
        graph.constants[1] = value
      end
    end
    for _, wrong in ipairs { { "nothing", "t" }, { "nothing", "M" }, { "nothing", "" } } do
      refused("it names an array that the file does not have", constant(wrong))
    end
    for _, wrong in ipairs { 3, { "x" }, { 3, "t" }, { "x", 3 }, { "x", "t", 1 } } do
      refused("a constant must have a name and a kind", constant(wrong))
    end
    refused("a tensor has a dtype whose numbers are not read", constant {
      "catalogue.items.offsets", "t" })
    refused("an array of integers is missing", function(graph, parsed)
      for _, entry in ipairs(parsed.entries) do
        if entry.dtype == "F32" then
          graph.constants[1] = { entry.name, "I" }
        end
      end
    end)
  end)

  it("has ids of items that are some", function()
    local function entry(name, edit)
      return function(_, parsed)
        for i, own in ipairs(parsed.entries) do
          if own.name == name then
            return edit(own, parsed.entries, i)
          end
        end
        error "no such entry"
      end
    end
    refused("the file has no ids of items", entry("catalogue.items.bytes", function(_, list, i)
      table.remove(list, i)
    end))
    refused("the file has no ids of items", entry("catalogue.items.offsets", function(_, list, i)
      table.remove(list, i)
    end))
    local function offset(at, value)
      return entry("catalogue.items.offsets", function(own)
        local width = own.dtype == "I64" and 8 or 4
        own.data = own.data:sub(1, at * width) .. ("<i" .. width):pack(value)
          .. own.data:sub((at + 1) * width + 1)
      end)
    end
    refused("the ids of items overlap", offset(0, -1))
    refused("the ids of items overlap", offset(3, 100000))
    refused("the ids of items end beyond their bytes", offset(12, 100000))
    refused("two items have the same id", entry("catalogue.items.bytes", function(own)
      own.data = ("x"):rep(#own.data)
    end))
    refused("its ids were chosen to make finding one slow", function(_, parsed)
      local ids = graph_files.crowded_ids(1100, 4096)
      local offsets = { [0] = 0 }
      for i, id in ipairs(ids) do
        offsets[i] = offsets[i - 1] + #id
      end
      for _, own in ipairs(parsed.entries) do
        if own.name == "catalogue.items.bytes" then
          own.data = table.concat(ids)
          own.shape = { #own.data }
        elseif own.name == "catalogue.items.offsets" then
          own.data = ("<i8"):rep(#ids + 1):pack(table.unpack(offsets, 0))
          own.shape = { #ids + 1 }
        end
      end
    end)
  end)

  it("calls what the library has, as it is to be called", function()
    refused("score: node 1 (no_such_op): no frozen graph has such a call",
      node("score", nil, function(own) own[1] = "no_such_op" end))
    refused("no frozen graph has such a call", node("score", nil, function(own)
      own[1] = "read_file"
    end))
    refused("it does not give so many values", node("score", nil, function(own) own[3] = 2 end))
    refused("it does not give so many values", node("score", nil, function(own) own[3] = "x" end))
    refused("an argument is missing", node("score", nil, function(own) own[2] = {} end))
    refused("too many arguments", node("score", nil, function(own)
      for _ = 1, 20 do
        table.insert(own[2], core.json_null)
      end
    end))
    refused("a name, arguments and the number of results were expected",
      node("score", nil, function(own) own[1] = ("x"):rep(48) end))
    refused("a name, arguments and the number of results were expected",
      node("score", nil, function(own) own[4] = 1 end))
    refused("nodes is no list of at most", function(graph)
      graph.parts[1].score.nodes = 3
    end)
    refused("nodes is no list of at most", function(graph)
      for i = 1, 30000 do
        graph.parts[1].score.nodes[i] = 1
      end
    end)
  end)

  it("reads what stands before it: no cycle", function()
    for _, place in ipairs { -1, 99999, 2 ^ 31, 2 ^ 53, 0.5, "x" } do
      refused("expected", node("score", "linear", function(own) own[2][1] = { v = place } end))
    end
    refused("a tensor was expected", function(graph) -- what it gives itself
      local of = graph.parts[1].score
      local place = #of.inputs
      for _, own in ipairs(of.nodes) do
        if own[1] == "linear" then
          own[2][1] = { v = place }
          return
        end
        place = place + own[3]
      end
    end)
    refused("a tensor was expected", node("score", "linear", function(own)
      own[2][1] = { c = 99999 }
    end))
    refused("a program reads what no other gives", function(graph)
      graph.parts[1].score.inputs[1][1] = "something"
    end)
    refused("read what stands before it", function(graph) -- what rows add up to is none of scores
      local name = graph.parts[1].rows.outputs[1][1]
      table.insert(graph.parts[1].score.inputs, { name, "t" })
      graph.parts[1].score.nodes = { { "full", { { 5 }, 1 }, 1 } }
      graph.parts[1].score.outputs[1][2] = { v = #graph.parts[1].score.inputs }
    end)
    refused("read what stands before it", function(graph) -- a cycle of programs
      graph.parts[1].rows, graph.parts[1].rest, graph.parts[1].sums = nil, nil, nil
      table.insert(graph.parts[1].adapt.inputs, { graph.parts[1].adapt.outputs[1][1], "t" })
      local at = #graph.parts[1].adapt.inputs - 1
      graph.parts[1].adapt.nodes = { { "add", { { v = at }, { v = at } }, 1 } }
      for _, output in ipairs(graph.parts[1].adapt.outputs) do
        output[2] = { v = at + 1 }
      end
    end)
  end)

  it("may score all items by what is computed of them", function()
    local context = assert(open(function(graph)
      local part = graph.parts[1]
      part.adapt, part.rows, part.rest, part.sums, part.score = nil, nil, nil, nil, nil
      part.all = { inputs = { { "items.3", "t" } }, outputs = { { "scores", { v = 2 } } },
        nodes = { { "slice", { { v = 0 }, 2, 1, 1 }, 1 },
          { "reshape", { { v = 1 }, { -1 } }, 1 } } }
    end)):context()
    assert.equal(12, #context:score(1, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, {}))
  end)

  it("may give what it is given: a state that is a table", function()
    local context = assert(open(function(graph)
      local part = graph.parts[1]
      part.rows, part.rest, part.sums = nil, nil, nil
      part.adapt = { inputs = { { "items.3", "t" } }, outputs = { { "state.1", { v = 0 } } },
        nodes = {} }
      part.score = { inputs = { { "items.3", "t" }, { "state.1", "t" } }, -- products with the last
        outputs = { { "scores", { v = 4 } } },
        nodes = { { "linear", { { v = 0 }, { v = 1 } }, 1 },
          { "slice", { { v = 2 }, 2, 12, 12 }, 1 }, { "reshape", { { v = 3 }, { -1 } }, 1 } } }
    end)):context()
    local scores = context:score(1, { 12, 3, 3, 12, 12, 12, 3 }, {})
    assert.near(scores[1], scores[4], 1e-6 * scores[1])
    assert.near(scores[2], scores[7], 1e-6)
    assert.is_true(scores[1] > 0) -- a sum of squares
  end)

  it("gives tensors of items, and one of scores", function()
    refused("what is computed of an item must be a tensor", function(graph)
      local of = graph.parts[1].items
      of.inputs = { { "items", "I" } }
      of.nodes = {}
      of.outputs = { { of.outputs[1][1], { v = 0 } } }
    end)
    refused("what scores must give one tensor", function(graph)
      graph.parts[1].score.outputs = {}
    end)
    refused("a part must score items or all", function(graph)
      graph.parts[1].score = nil
    end)
    refused("a table must have a name and a constant", function(graph)
      graph.parts[1].tables = { 3 }
    end)
    refused("a table must have a row for each item", function(graph)
      for k = 1, #graph.constants do
        if graph.constants[k][2] == "t" then
          graph.parts[1].tables = { { "items.99", k - 1 } }
        end
      end
    end)
    refused("what scores gives", with_nodes("score", { { "full", { { 3 }, 1 }, 1 } }))
  end)

  it("has sizes that fit", function()
    refused("linear: ", node("score", "linear", function(own) own[2][2] = own[2][1] end))
    for _, shape in ipairs { { -5 }, { 2 ^ 40 }, { 2 ^ 31, 2 ^ 31 }, { 1, 1, 1, 1, 1, 1, 1 },
      { math.maxinteger }, { math.mininteger }, { 0.5 }, { "x" }, 3 } do
      local wrong = {}
      for i, size in ipairs(type(shape) == "table" and shape or {}) do
        wrong[i] = math.tointeger(size) or size
      end
      refused("full", with_nodes("score", { { "full", { type(shape) == "table" and wrong or 3, 1 },
        1 } }))
    end
  end)

  it("takes memory in proportion to the file, or is refused", function()
    -- one number for each item: many for each
    refused("out of memory", with_nodes("items", { { "full", { { 12, 30000000 }, 1 }, 1 } }))
    refused("out of memory", function(graph, parsed) -- the same array as constants again and again
      table.insert(parsed.entries, { name = "z", dtype = "F32", shape = { 1 << 18 },
        data = ("\0"):rep(1 << 20) })
      for k = #graph.constants + 1, 500 do
        graph.constants[k] = { "z", "t" }
      end
    end)
  end)

  it("takes memory in proportion to the limits, or is refused", function()
    local limits = { support = 20, block = 5, memory = 4 << 20 }
    local grows = with_nodes("score", { { "full", { { 1000, 1000, 20 }, 1 }, 1 } })
    refused("more memory than the limit memory = 4194304 bytes", grows, limits)
    refused("what scores gives 20000000 numbers, not 5", grows, { support = 20, block = 5 })
    assert.is_truthy(open(function() end, limits))
    -- a state that is small where it is made, and large where it is kept
    refused("more memory than the limit memory = 4194304 bytes", function(graph)
      local of = graph.parts[1].adapt
      local inputs = #of.inputs
      graph.parts[1].rows, graph.parts[1].rest, graph.parts[1].sums = nil, nil, nil
      of.nodes = { { "full", { { 1 }, 1 }, 1 },
        { "expand", { { v = inputs }, { 20000, 1000 } }, 1 } }
      for _, output in ipairs(of.outputs) do
        output[2] = { v = inputs + 1 }
      end
    end, limits)
  end)

  it("is not broken by what a run meets first", function()
    -- opens, since rows fit at the limits; then a block is smaller than the graph says
    local predictor = assert(open(function(graph)
      local of = graph.parts[1].score
      of.nodes = { { "full", { { 5 }, 1 }, 1 } }
      of.outputs = { { of.outputs[1][1], { v = #of.inputs } } }
    end))
    local context = predictor:context()
    local ok, message = pcall(context.score, context, 1, { 1, 2 }, {})
    assert.is_false(ok)
    assert.truthy(message:find("5 scores of 2 items", 1, true), message)
    context:observe(1, 3)
    assert.equal(5, #context:score(1, { 1, 2, 3, 4, 5 }, {}))
  end)
end)
