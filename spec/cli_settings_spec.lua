-- Components and settings on the command line: by name, from modules of one's own, from a file.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local json = require "cmml.base.json"
local people = require "spec.support.people"
local temporary = require "spec.support.temporary"
local core = cmml.core

local module_text = [[
local cmml = require "cmml"
for _, library in ipairs { cmml, cmml.double } do
  library.register_component("modulation", "shifted", function(opt)
    local class = library.nn.class "Shifted"
    function class:forward(x, condition)
      return (self.layer(x) + self.shift(condition)):sum(2)
    end
    local self = class.new()
    self:register("layer", library.nn.linear { inp = opt.inp, out = opt.size or 2,
      init = opt.init })
    self:register("shift", library.nn.linear { inp = opt.cond, out = opt.size or 2,
      init = opt.init })
    return self
  end)
end
]]

describe("settings of cmml train", function()
  local root, data, path

  local function command(...)
    return cli("train", "--data", data, "--quiet", ...)
  end

  local function trained(where, ...)
    local output, said, code = command("--out", root .. where, "--epochs=1", ...)
    assert.equal(0, code, output .. said)
    return assert(cmml.load(root .. where .. "/best.safetensors"))
  end

  local function fails(text, ...)
    local output, said, code = command("--out", root .. "/none", ...)
    assert.equal(1, code, output .. said)
    assert.truthy(said:find(text, 1, true), said)
    assert.falsy(said:find("traceback", 1, true), said)
  end

  local function is_wrong(text, ...)
    local output, said, code = command("--out", root .. "/none", ...)
    assert.equal(2, code, output .. said)
    assert.truthy(said:find(text, 1, true), said)
  end

  local function settings(value)
    local file = root .. "/settings.json"
    assert(core.write_file(file, type(value) == "string" and value or json.encode(value)))
    return file
  end

  setup(function()
    root = temporary.folder()
    data, path = root .. "/data", package.path
    assert(core.mkdir(data))
    people.write(core, data, { users = 40, items = 16, rated = 8 })
    package.path = root .. "/?.lua;" .. path
    assert(core.write_file(root .. "/mine.lua", module_text))
  end)

  teardown(function()
    package.path = path
    temporary.remove(root)
  end)

  it("are components by name, each over the preset's", function()
    local model = trained("/names", "--encoder=gru", "--hybrid", "none", "--modulation=linear")
    assert.same({ "gru", "none", "linear", "recommended" }, { model.options.encoder,
      model.options.hybrid, model.options.modulation, model.options.preset })
    assert.equal(16, model.options.width)
    is_wrong('--encoder "lstm" is not known; known: attention, gru, max, mean', "--encoder=lstm")
  end)

  it("are those of its options, such as the fraction of short supports", function()
    local whole = trained("/whole", "--short-supports=0")
    local short = trained("/short", "--short-supports=0.5")
    assert.not_equal(people.bits(whole), people.bits(short))
    is_wrong("--short-supports must be from 0 to 1, but is 2", "--short-supports=2")
    local narrow = trained("/narrow", "--width=8", "--loss=squared", "--read-users=true")
    assert.same({ 8, "squared", true }, { narrow.options.width, narrow.options.loss,
      narrow.options.read_users })
    local output, said, code = command("--out", root .. "/factors", "--factors=3", "--ridge=5",
      "--model=matrix_factorization", "--seed=4")
    assert.equal(0, code, output .. said)
    local options = assert(cmml.load(root .. "/factors/best.safetensors")).options
    assert.same({ 3, 5, 4 }, { options.factors, options.ridge, options.seed })
  end)

  it("are told by info: objects whole, lists by their beginning", function()
    local widths = {}
    for i = 1, 40 do
      widths[i] = 2
    end
    local file = settings { model = { encoder_widths = widths } }
    local _ = trained("/preset", "--preset=recommended", "--query=3", "--settings", file)
    local output = cli("info", "--model", root .. "/preset/best.safetensors")
    assert.truthy(output:gsub("%s", ""):find('base={"bias_ridge":3,"factors":10,"item_shrink":3,'
      .. '"kind":"factor_analysis","ridge":16,"solve":true}', 1, true), output)
    for line in output:gmatch "[^\n]+" do
      assert.truthy(#line <= 80, line)
    end
    assert.truthy(output:find("context_shrink = 5\n", 1, true), output)
    assert.matches("encoder_widths = %[2,[2,]*%.%. %(40 values%)\n", output)
  end)

  it("are components of modules, in threads too, which every command can require", function()
    local words = { "--modulation=shifted", "--modules=mine" }
    local output, said, code = command("--out", root .. "/mine", "--epochs=1", "--batch=8",
      "--shards=2", "--threads=2", table.unpack(words))
    assert.equal(0, code, output .. said)
    local file = root .. "/mine/best.safetensors"
    for _, each in ipairs { { "info" }, { "recommend", "--rate=1=5" },
      { "evaluate", "--data", data, "--draws=1", "--baselines=none" } } do
      output, said, code = cli(each[1], "--model", file, "--modules=mine", table.unpack(each, 2))
      assert.equal(0, code, output .. said)
      output, said, code = cli(each[1], "--model", file, table.unpack(each, 2))
      assert.equal(1, code, output)
      assert.truthy(said:find('modulation "shifted" is not known', 1, true), said)
    end
    fails("--modules: nowhere: module 'nowhere' not found", "--modules=mine,nowhere")
    assert(core.write_file(root .. "/broken.lua", "error 'out of order'"))
    fails("broken.lua:1: out of order", "--modules=broken")
  end)

  it("are those of a file, and options count before it", function()
    local file = settings { preset = "paper", notes = { found = "by hand" },
      model = { width = 4, encoder_widths = { 8, 8 }, hybrid = "generator",
        hybrid_options = { hidden = { 3 } } },
      training = { lr = 0.01, epochs = 2, batch = 8, choose = "last" } }
    local output, said, code = command("--out", root .. "/file", "--settings", file)
    assert.equal(0, code, output .. said)
    assert.truthy(output:find("last epoch 2 of 2: ", 1, true), output)
    local model = assert(cmml.load(root .. "/file/best.safetensors"))
    assert.same({ "paper", 4, "gru", { 8, 8 }, "generator", { hidden = { 3 } } },
      { model.options.preset, model.options.width, model.options.encoder,
        model.options.encoder_widths, model.options.hybrid, model.options.hybrid_options })
    local last = select(2, assert(cmml.load(root .. "/file/last.safetensors"))).notes
    assert.same({ 0.01, 8, 40 }, { last.conditions.lr, last.conditions.batch,
      last.conditions.support })
    model = trained("/over", "--settings", file, "--hybrid=dot", "--preset=published-code",
      "--lr=0.002", "--support=3")
    assert.same({ "published-code", 4, "mean", "dot" }, { model.options.preset,
      model.options.width, model.options.encoder, model.options.hybrid })
    assert.is_nil(model.options.hybrid_options)
    last = select(2, assert(cmml.load(root .. "/over/last.safetensors"))).notes
    assert.same({ 0.002, 3 }, { last.conditions.lr, last.conditions.support })
  end)

  it("are options of rivals, too", function()
    local output, said, code = command("--out", root .. "/rival", "--model=matrix_factorization",
      "--settings", settings { model = { factors = 3 } })
    assert.equal(0, code, output .. said)
    assert.equal(3, assert(cmml.load(root .. "/rival/best.safetensors")).options.factors)
    -- the kind may be the file's, as cmml tune writes it, with options of its own
    local file = settings { kind = "matrix_factorization", model = { factors = 3 } }
    output, said, code = command("--out", root .. "/kind", "--settings", file, "--factors=2",
      "--ridge=4")
    assert.equal(0, code, output .. said)
    local model = assert(cmml.load(root .. "/kind/best.safetensors"))
    assert.same({ "matrix_factorization", 2, 4 }, { model.kind, model.options.factors,
      model.options.ridge })
  end)

  it("are refused where they are none, with the file or the option that is wrong", function()
    fails("cannot open " .. root .. "/no.json", "--settings", root .. "/no.json")
    fails("settings.json", "--settings", settings "{")
    fails("settings.json: a table of options was expected", "--settings", settings "5")
    fails("settings.json: unknown option modell; did you mean model?", "--settings",
      settings { modell = { width = 3 } })
    fails("settings.json: training: out is no setting", "--settings",
      settings { training = { out = "/" } })
    fails("settings.json: option model must be a table", "--settings",
      settings { model = 3 })
    fails("unknown option widht; did you mean width?", "--settings",
      settings { model = { widht = 3 } })
    fails("option lr must be a number", "--settings", settings { training = { lr = "fast" } })
    fails("there is no preset papper of cmml for ratings of users; did you mean paper?",
      "--settings", settings { preset = "papper" })
  end)
end)
