-- Errors point at the line of who called wrongly, however deep in the library they were found.
local args = require "cmml.base.args"
local cmml = require "cmml"
local core = cmml.core

-- Fails unless each function, of one line, raises an error of that line.
local function check(list)
  for _, wrong in ipairs(list) do
    local info = debug.getinfo(wrong, "S")
    local ok, message = pcall(wrong)
    local place = ("%s:%d: "):format(info.short_src, info.linedefined)
    assert.is_false(ok, place .. "raised nothing")
    assert.equal(place, tostring(message):sub(1, #place), message)
    assert.is_nil(message:find("cmml/[%w_/]+%.lua:%d+:"), message)
  end
end

-- luacheck: push no max line length
describe("errors of the library point at the caller's line:", function()
  local dataset = cmml.settings:get("users").made()
  local users = cmml.users.protocol(dataset)
  local model = cmml.cmml(users.catalogue, { preset = "published-code" })
  local scenarios = cmml.settings:get("scenarios").made {}
  local split = scenarios:split()
  local vectors = split:vectors { factors = 4, iterations = 1 }
  local catalogue = split:catalogue(vectors)
  local ranker = cmml.cmml(catalogue, { preset = "paper/scenario" })
  local points = core.tensor { { 1, 2 }, { 3, 4 } }

  it("scenario data and splits", function()
    check {
      function() cmml.scenarios.data { groupz = {} } end,
      function() cmml.scenarios.data { groups = {}, min_items = 0 } end,
      function() cmml.scenarios.data { interactions = { 5 }, groups = {} } end,
      function() cmml.scenarios.data { interactions = { { "u", "i" } }, groups = { { name = "x", items = { "z" } } } } end,
      function() cmml.scenarios.read("x", { bye = "genre" }) end,
      function() cmml.loaders.movielens_scenarios("x", { by = "nonsense" }) end,
      function() cmml.loaders.lastfm(5) end,
      function() cmml.loaders.yelp("x", 5) end,
      function() cmml.data.read_groups(5) end,
      function() cmml.data.group_by(5, print) end,
      function() cmml.scenarios.join { scenarios, scenarios } end,
      function() scenarios:split { held_out = 2 } end,
      function() scenarios:split { protocol = "x" } end,
      function() split:tasks { order = "x" } end,
      function() split:tasks({}):draw(1, 5) end,
    }
  end)

  it("vectors", function()
    check {
      function() split:vectors { method = "svd" } end,
      function() split:vectors { factors = 0 } end,
      function() split:vectors { bogus = 1 } end,
      function() split:vectors { regularization = -1 } end,
      function() cmml.vectors.als { ratings = split.known, n_items = 3 } end,
      function() cmml.vectors.bpr { ratings = split.known, n_items = 160, iterations = 0 } end,
      function() cmml.vectors.load {} end,
      function() cmml.vectors.join { vectors, 5 } end,
      function() split:catalogue(5) end,
      function() split:rivals(5) end,
    }
  end)

  it("models and components", function()
    check {
      function() cmml.cmml(catalogue, { encoder = "x" }) end,
      function() cmml.cmml(catalogue, { backbone = { 0 } }) end,
      function() cmml.cmml(catalogue, { activation = "x" }) end,
      function() cmml.cmml(catalogue, { loss = "x" }) end,
      function() cmml.cmml(catalogue, { dropout = 2 }) end,
      function() cmml.cmml(catalogue, { inputs = { "x" } }) end,
      function() cmml.cmml(users.catalogue, { modulation = "x" }) end,
      function() cmml.cmml(users.catalogue, { width = 0 }) end,
      function() cmml.cmml(users.catalogue, { base = { ridge = -1 } }) end,
      function() cmml.register_component("part", "x", print) end,
      function() cmml.register_component("encoder", "mean", print) end,
      function() cmml.recommenders.matrix_factorization(users.catalogue, { factors = 0 }) end,
      function() ranker:over(split:catalogue()) end,
    }
  end)

  it("training and evaluation", function()
    check {
      function() cmml.train(ranker, split, { lr = -1 }) end,
      function() cmml.train(ranker, split, { schedule = "x" }) end,
      function() cmml.train(ranker, split, { order = "x" }) end,
      function() cmml.train(ranker, split, { query = 0 }) end,
      function() cmml.train(model, users, { batch = 0 }) end,
      function() cmml.train(model, users, { threads = 0 }) end,
      function() cmml.train(model, split) end,
      function() cmml.evaluate({ ranker }, split, { cutoffs = { 0 } }) end,
      function() cmml.evaluate({ ranker }, split, { order = "x" }) end,
      function() cmml.evaluate({ model }, split) end,
      function() cmml.users.evaluate_protocol({ ranker }, users) end,
      function() cmml.users.evaluate_protocol({ model }, users, { draws = 0 }) end,
      function() cmml.users.evaluate_protocol({ model }, 5) end,
      function() cmml.recommenders.item_knn(users.catalogue):fit(5) end,
      function() cmml.users.protocol(dataset, { valid = 2 }) end,
      function() cmml.users.protocol(dataset, { protocol = "warm", valid = 2 }) end,
      function() cmml.metrics.ranking(5) end,
    }
  end)

  it("experiments, pictures and points", function()
    check {
      function() cmml.experiment("x") end,
      function() cmml.experiment("users", { quick = true, seeds = 0 }) end,
      function() cmml.experiment("scenarios", { quick = true, by = "x" }) end,
      function() cmml.experiment("users", { quick = true, protocol = "x" }) end,
      function() cmml.experiment("scenarios", { data = "/no/such" }) end,
      function() cmml.experiment("modulations", { quick = true, setting = "x" }) end,
      function() cmml.tune { quick = true, space = "lr" } end,
      function() cmml.tune { quick = true, space = "encoder=x" } end,
      function() cmml.tune { quick = true, space = "lr=1", protocol = "x" } end,
      function() cmml.tune { data = 5, space = "lr=1" } end,
      function() cmml.analysis.pca(points, { dims = 0 }) end,
      function() cmml.analysis.kmeans(points, { k = 9 }) end,
      function() cmml.analysis.tsne(points, { perplexity = -1 }) end,
      function() cmml.analysis.adjusted_rand_index({ 1 }, { 1, 2 }) end,
      function() cmml.svg.scatter { title = "x", points = {} } end,
      function() cmml.svg.heatmap { title = "x", rows = { "a" }, columns = { "b" }, values = {} } end,
      function() cmml.svg.intervals { title = "x", rows = {} } end,
    }
  end)

  it("but errors of functions that a caller gave keep their own", function()
    local ok, message = pcall(cmml.data.group_by, scenarios.items, function() error "mine" end)
    assert.is_false(ok)
    assert.matches("positions_spec%.lua:%d+: mine$", message)
  end)

  it("whatever their folder is called, and however long its path", function()
    local root = debug.getinfo(args.call, "S").source:match "^@(.*)base/args%.lua$"
    local function message_of(chunk, begins)
      local raise = load(("error(%q)"):format("mine"), "@" .. chunk)
      local _, message = pcall(args.call, function()
        local ok, message = pcall(raise)
        error(ok or (begins or "") .. message, 0)
      end)
      return message
    end
    local deep = ("folder/"):rep(12)
    for _, chunk in ipairs { "cmml/mine.lua", "mine.lua", deep .. "cmml/mine.lua", deep .. "mine.lua",
      (root:gsub("cmml/$", "mine.lua")) } do
      assert.matches("mine%.lua:1: mine$", message_of(chunk))
      assert.matches("^network: .*mine%.lua:1: mine$", message_of(chunk, "network: "))
    end
    assert.equal("mine", message_of(root .. "experiment/mine.lua"))
  end)

  it("for each of its own files, however long the path of the library", function()
    local folder = ("folder/"):rep(12) .. "cmml/"
    local file = assert(io.open(package.searchpath("cmml.base.args", package.path), "rb"))
    local own = assert(load(file:read "a", "@" .. folder .. "base/args.lua"))()
    file:close()
    local list, count = assert(io.popen "cd lua/cmml && find . -name '*.lua'"), 0
    for path in list:lines() do
      local raise = load("error 'mine'", "@" .. folder .. path:sub(3))
      assert.same({ false, "mine" }, { pcall(own.call, raise) }, path)
      count = count + 1
    end
    list:close()
    assert.truthy(count > 90)
  end)
end)
-- luacheck: pop
