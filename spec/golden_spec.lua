-- The runner of known answers must be able to fail: every stored number, tensor and option counts.
local cmml = require "cmml"
local compare = require "spec.support.golden.compare"
local golden = require "spec.support.golden"

local folder = "spec/golden"

local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local result = {}
  for key, part in pairs(value) do
    result[key] = copy(part)
  end
  return result
end

local function read(name)
  return assert(golden.read(("%s/%s.safetensors"):format(folder, name)))
end

-- The cases that pass, by name; every test spoils copies of them.
local passing, names, computed = {}, {}, {}
for _, file in ipairs(assert(golden.files(folder))) do
  local case = assert(golden.read(folder .. "/" .. file))
  local status, _, done = golden.run(case)
  if status == "pass" then
    passing[case.name], computed[case.name] = case, done
    names[#names + 1] = case.name
  end
end

local results = { output = true, loss = true, grad = true }
local given = { param = true, input = true }

-- What is zero by structure is held against zero: the noise that is stored for it does not count.
local function counts(case, tensor)
  for _, name in ipairs(case.config.zero_by_structure or {}) do
    if name == tensor then
      return false
    end
  end
  return true
end

local function all_count()
  return true
end

-- A case that shares its tensors with another one, but for a copy of one of them.
local function with_copy_of(case, tensor)
  local tensors, one = {}, {}
  for key, value in pairs(case.tensors) do
    tensors[key] = value
  end
  for key, value in pairs(case) do
    one[key] = value
  end
  tensors[tensor], one.tensors, one.config = copy(tensors[tensor]), tensors, copy(case.config)
  return one
end

-- Spoils copies of all passing cases: change(case, tensor) does so, once for every tensor whose
-- name begins with one of the prefixes and that is wanted, and returns what the failure's detail
-- must contain. Stored results change nothing of what is computed: after the first of a case, each
-- is compared alone with what was computed before.
local function each_tensor_fails(prefixes, wanted, change)
  local count = 0
  for _, name in ipairs(names) do
    local done
    for tensor in pairs(passing[name].tensors) do
      if prefixes[tensor:match "^%a+"] and wanted(passing[name], tensor) then
        local case = with_copy_of(passing[name], tensor)
        local expected = change(case, tensor)
        local status, detail
        if done then
          case.tensors = { [tensor] = case.tensors[tensor] }
          status, detail = golden.compare(case, done)
        else
          status, detail = golden.run(case)
          done = prefixes == results and computed[name] or nil
        end
        local where = ("%s, %s: %s"):format(name, tensor, detail)
        assert.are.equal("FAIL", status, where)
        assert.is_truthy(detail:find(expected, 1, true), where)
        count = count + 1
      end
    end
  end
  assert.is_true(count > 50)
end

-- The same once for every passing case.
local function each_fails(change)
  for _, name in ipairs(names) do
    local case = copy(passing[name])
    local expected = change(case)
    local status, detail = golden.run(case)
    assert.are.equal("FAIL", status, name .. ": " .. detail)
    assert.is_truthy(detail:find(expected, 1, true), name .. ": " .. detail)
  end
end

local function tensor_of(shape, values)
  return { shape = shape, values = values, integer = false }
end

-- A case written by hand, of sizes that no file has: one row above two, joined along axis 0.
local function by_hand()
  return { name = "ops_by_hand", description = "",
    config = { axis = 0, shapes = { { 1, 2 }, { 2, 2 } } },
    tolerance = { rtol = 1e-5, atol = 1e-6 },
    tensors = {
      ["input.x0"] = tensor_of({ 1, 2 }, { 1, 2 }),
      ["input.x1"] = tensor_of({ 2, 2 }, { 3, 4, 5, 6 }),
      ["input.probe"] = tensor_of({ 3, 2 }, { 1, 0, 0, 2, 0, 3 }),
      ["output.y"] = tensor_of({ 3, 2 }, { 1, 2, 3, 4, 5, 6 }),
      ["grad.input.x0"] = tensor_of({ 1, 2 }, { 1, 0 }),
      ["grad.input.x1"] = tensor_of({ 2, 2 }, { 0, 2, 0, 3 }),
      loss = tensor_of({}, { 27 }),
    } }
end

describe("the golden runner", function()
  it("passes cases of every family that it covers", function()
    for _, family in ipairs { "ops_", "hvp_", "optim_", "metrics_", "cmml_user_", "mml_sasrec" } do
      local found = false
      for _, name in ipairs(names) do
        found = found or name:sub(1, #family) == family
      end
      assert.is_true(found, family)
    end
  end)

  it("needs no name beyond the family", function()
    for _, name in ipairs(names) do
      local case = copy(passing[name])
      case.name = (name:match "^c?mml_%a+" or name:match "^%w+") .. "_renamed"
      local status, detail = golden.run(case)
      assert.are.equal("pass", status, name .. ": " .. detail)
    end
  end)

  it("computes a case of other sizes", function()
    assert.are.equal("pass", (golden.run(by_hand())))
  end)

  it("fails where a stored number is off by little more than is allowed", function()
    each_tensor_fails(results, counts, function(case, tensor)
      local values, most = case.tensors[tensor].values, 0
      for _, value in ipairs(values) do
        most = math.max(most, math.abs(value))
      end
      local last, off = values[#values], 2.5 * (case.tolerance.atol + case.tolerance.rtol * most)
      off = math.max(off, 1e-3) -- where nothing is allowed
      off = last < 0 and off or -off -- towards zero: what is allowed does not grow
      values[#values] = last == last and last + off or 0
      return ("%s number %d is"):format(tensor, #values)
    end)
  end)

  it("fails where NaN is stored and a number computed, or the other way round", function()
    each_tensor_fails(results, counts, function(case, tensor)
      local values = case.tensors[tensor].values
      values[1] = values[1] == values[1] and 0 / 0 or 0
      return tensor .. " number 1 is"
    end)
  end)

  it("fails where a stored shape is another", function()
    each_tensor_fails(results, all_count, function(case, tensor)
      table.insert(case.tensors[tensor].shape, 1, 1)
      return tensor .. " is "
    end)
  end)

  it("fails where an input or a parameter is missing", function()
    each_tensor_fails(given, all_count, function(case, tensor)
      case.tensors[tensor] = nil
      return ""
    end)
  end)

  it("fails where a result is missing that every case must have", function()
    local case = by_hand()
    case.tensors["output.y"] = nil
    local status, detail = golden.run(case)
    assert.are.same({ "FAIL", "output.y is missing" }, { status, detail })
  end)

  it("fails where a tensor is left over", function()
    for name, complaint in pairs {
      ["param.spare"] = "grad.spare is missing", ["input.spare"] = "input.spare was not used",
      ["output.spare"] = "spare", ["grad.spare"] = "grad.spare was not checked",
      ["spare"] = "spare is no name of the format",
    } do
      local case = by_hand()
      case.tensors[name] = tensor_of({ 1 }, { 1 })
      local status, detail = golden.run(case)
      assert.are.equal("FAIL", status)
      assert.is_truthy(detail:find(complaint, 1, true), detail)
    end
  end)

  it("fails at a config key that the kind does not know", function()
    each_fails(function(case)
      case.config.surprise = 1
      return "config key surprise is not known"
    end)
  end)

  it("fails where an option is another", function()
    for name, change in pairs {
      ops_linear_relu = { "activation", "tanh" }, ops_concat_axis1 = { "axis", 0 },
      ops_linear = { "outputs", 4 }, hvp_tanh = { "hidden", 5 }, optim_adam_l2 = { "lr", 0.02 },
      optim_clamp = { "limit", 0.5 }, metrics_users_graded = { "k", { 1, 2, 10 } },
      cmml_user_mean_dot_film = { "encoder_detach", false }, mml_sasrec = { "heads", 3 },
      mml_sasrec_feature_bias = { "feature_scale", 0.06 },
    } do
      local case = read(name)
      assert.is_not_nil(case.config[change[1]])
      case.config[change[1]] = change[2]
      assert.are.equal("FAIL", (golden.run(case)), name)
    end
  end)

  it("allows rounding noise where config says that a result is zero by structure", function()
    local case = by_hand()
    case.config.zero_by_structure = { "grad.input.x1" }
    local status, detail = golden.run(case)
    assert.are.equal("FAIL", status)
    assert.is_truthy(detail:find("grad.input.x1 number 4 is 3", 1, true), detail)
    case.tensors["input.probe"].values = { 1, 0, 0, 0, 9e-6, 0 }
    case.tensors["grad.input.x1"].values = { 0, 0, 0, 0 }
    case.tensors.loss.values = { 1.000045 }
    assert.are.equal("pass", (golden.run(case)))
    case.config.zero_by_structure = { "grad.input.x1", "grad.input.x2" }
    assert.are.equal("FAIL", (golden.run(case)))
  end)

  it("says why it skips a case, and fails at a family that it has never heard of", function()
    local was = rawget(cmml, "log_softmax")
    rawset(cmml, "log_softmax", false)
    local status, detail = golden.run(read "hvp_log_softmax")
    rawset(cmml, "log_softmax", was)
    assert.are.same({ "skip", "no op log_softmax yet" }, { status, detail })
    local case = by_hand()
    case.name = "nothing_by_hand"
    assert.are.equal("FAIL", (golden.run(case)))
    case.name = "metrics_by_hand"
    assert.are.equal("FAIL", (golden.run(case)))
  end)
end)

describe("agreement", function()
  local tolerance = { rtol = 0.1, atol = 0.5 }

  it("allows atol and rtol of the largest stored number", function()
    local want = tensor_of({ 2 }, { 10, 0 })
    assert.is_truthy(compare.agree({ 10, 1.5 }, want, tolerance))
    assert.is_nil((compare.agree({ 10, 1.6 }, want, tolerance)))
    assert.is_nil((compare.agree({ 8.4, 0 }, want, tolerance)))
    assert.is_nil((compare.agree({ { 10 }, { 0 } }, want, tolerance)))
    assert.is_nil((compare.agree({ 10, 0, 0 }, want, tolerance)))
    assert.is_nil((compare.agree({}, want, tolerance)))
  end)

  it("takes a NaN for a NaN alone, and no infinity for a number", function()
    local nan = 0 / 0
    local want = tensor_of({ 2 }, { nan, 1 })
    assert.are.equal(0, (compare.agree({ nan, 1 }, want, tolerance)))
    assert.is_nil((compare.agree({ 1, 1 }, want, tolerance)))
    assert.is_nil((compare.agree({ nan, nan }, want, tolerance)))
    assert.is_nil((compare.agree({ nan, math.huge }, want, tolerance)))
    assert.is_nil((compare.agree({ nan, 1.7 }, want, tolerance)))
  end)
end)
