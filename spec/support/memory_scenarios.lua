--- What a program does with the library, in small: the sweeps of failing allocations and the stress
-- of the collector run these. Each can be run again and again and gives the same text every time.
local baselines = require "spec.support.baselines"
local people = require "spec.support.people"
local scenario_world = require "spec.support.scenario_world"

-- A file with every kind of column, fields in quotes among them.
local delimited = [[
user,item,rating,year,genres
ann,f1,4.5,1999,drama|war
"bo ""b""",f2,3,2001,
ann,"f
3",1.25,-7,war|noir
]]

local function table_text(result)
  local columns, parts = result.columns, { result.rows }
  for _, name in ipairs { "user", "item", "genres" } do
    local bytes, offsets = columns[name].vocab:export()
    parts[#parts + 1] = bytes .. table.concat(offsets, " ")
    parts[#parts + 1] = table.concat(columns[name].ids:totable(), " ")
  end
  parts[#parts + 1] = columns.rating.values:tobytes() .. table.concat(columns.year.values, " ")
  return table.concat(parts, "\n")
end

--- The scenarios over a library.
-- @tparam table cmml
-- @tparam string folder for files, which exists and is empty
-- @treturn table list of {name, run, check}: run() gives a text; check(), where there is one,
-- raises if something does not hold that must hold after a run, also after one that failed
return function(cmml, folder)
  local core, json = cmml.core, require "cmml.base.json"
  local data = people.data(cmml, { users = 12, items = 8, rated = 6 })
  local model = cmml.cmml(data.catalogue, people.small())
  local path, ratings = folder .. "/model.safetensors", folder .. "/ratings.csv"
  assert(model:save(path))
  model:adapt({ { "f1", 4 } }):recommend() -- what it knows of items alone it keeps
  assert(core.write_file(ratings, delimited))
  local saved = assert(core.read_file(path))

  local learner, tasks, optimizer = people.learner(cmml)
  local team = cmml.team(learner, tasks, optimizer, { shards = 3, threads = 2 })

  -- The model file is whole, and nothing lies beside it.
  local function check()
    assert(core.read_file(path) == saved, "the model file is not what was saved")
    local pipe = assert(io.popen("ls -A '" .. folder .. "'"))
    local names = pipe:read "a"
    pipe:close()
    assert(names == "model.safetensors\nratings.csv\n", "files were left behind: " .. names)
  end

  return {
    { "make a model", function()
      return people.bits(cmml.cmml(data.catalogue, people.small(3)))
    end },
    { "train", function()
      local fresh = cmml.cmml(data.catalogue, people.small())
      local result = cmml.train(fresh, data, people.training { epochs = 1, batch = 4 })
      return result.stopped .. people.bits(fresh)
    end },
    { "step in other ways", function()
      local module = cmml.nn.mlp { widths = { 3, 4, 2 }, activation = "tanh",
        init = cmml.nn.init(1) }
      for _, way in ipairs {
        { "sgd", { momentum = 0.9, clip_norm = 1 } },
        { "adam", { sparse = true, groups = { { parameters = "*bias", lr = 0.1 } } } },
      } do
        local optimiser = cmml.optim[way[1]](module, way[2])
        for _ = 1, 2 do
          optimiser:backward(module(cmml.ones { 2, 3 }):square():sum())
          optimiser:step()
        end
      end
      local parts = {}
      for name, tensor in module:parameters() do
        parts[#parts + 1] = name .. tensor:tobytes()
      end
      return table.concat(parts)
    end },
    { "gradients in shards", function()
      optimizer:clear()
      local parts = { team:backward(1, tasks:people(1)()) }
      for _, gradient in ipairs(optimizer.core:gradients()) do
        parts[#parts + 1] = gradient:tobytes()
      end
      return table.concat(parts, "\n")
    end },
    { "rivals", function()
      local parts = {}
      for i, rival in ipairs(baselines.fitted(cmml, data, baselines.others, {
        matrix_factorization = { sweeps = 2 }, factor_analysis = { sweeps = 2, factors = 2 },
        user_knn = { similarity = "cosine" } })) do
        local scores = rival:adapt({ { "f1", 4 }, { "f2", 1.5 } }):predict { "f3", "f4" }
        parts[i] = people.bits(rival) .. table.concat(scores, " ")
      end
      return table.concat(parts, "\n")
    end },
    { "save", function()
      assert(model:save(path))
      return "saved"
    end, check },
    { "load", function()
      return people.bits((assert(cmml.load(path))))
    end },
    { "serve", function()
      local person = model:adapt({ { "f1", 4 }, { "f2", 1.5 }, user = { age = "2" } })
      local parts = person:predict { "f3", "f4" }
      for _, entry in ipairs(person:recommend { n = 3 }) do
        parts[#parts + 1] = entry.item .. entry.title .. entry.score
      end
      return table.concat(parts, " ")
    end },
    { "prepare data", function()
      local prepared = people.data(cmml, { users = 6, items = 5, rated = 3 })
      return table.concat(prepared.train, " ") .. prepared.ratings.ratings:tobytes()
    end },
    { "read a table", function()
      return table_text(assert(core.read_table(ratings, { header = "names", columns = {
        { name = "user" }, { name = "item" }, { name = "rating", kind = "number" },
        { name = "year", kind = "integer" }, { name = "genres", kind = "list", separator = "|" },
      } })))
    end },
    { "json", function()
      local text = json.encode { list = { 1, 2.5, true, "é\n" }, deep = { { { a = "b" } } } }
      for _ = 1, 3 do
        text = json.encode((assert(core.json_decode(text))))
      end
      return text
    end },
    { "vectors", function()
      local parts = {}
      for _, method in ipairs { "als", "bpr" } do
        local vectors = cmml.vectors[method] { ratings = data.ratings,
          n_items = #data.dataset.items, factors = 3, iterations = 2,
          on_iteration = function(state)
            parts[#parts + 1] = state.loss or state.right
          end }
        parts[#parts + 1] = vectors.users:tobytes() .. vectors.items:tobytes()
      end
      return table.concat(parts, " ")
    end },
    { "scenario data", function()
      local world = scenario_world.make { users = 6, items = 8, scenarios = 3, size = 4 }
      world.min_items = 1
      local one, parts = cmml.scenarios.data(world), {}
      world.name = "other"
      local union = cmml.scenarios.join { one, cmml.scenarios.data(world) }
      for s, scenario in ipairs(union.scenarios) do
        parts[s] = scenario.name .. "=" .. table.concat(scenario.items:totable(), " ")
      end
      local vectors = union:vectors(union.interactions, function(options, name)
        options.factors, options.iterations = name == "other" and 4 or 2, 1
        return cmml.vectors.als(options)
      end)
      return table.concat(parts, "\n") .. vectors.items:tobytes()
    end },
    { "files of scenarios", function()
      local name, parts = folder .. "/groups", {}
      assert(core.write_file(name .. ".txt", "a\tx\nb\ty\na\ty\n"))
      assert(core.write_file(name .. ".json", '{"a": ["x", 3], "b": "x"}'))
      local items = core.vocab()
      items:add "a"
      for i, ending in ipairs { ".txt", ".json" } do
        local groups = assert(cmml.data.read_groups(name .. ending, items, { unknown = "skip" }))
        parts[i] = table.concat(groups.names, " ") .. table.concat(groups.item_ids:totable(), " ")
      end
      return table.concat(parts, "\n")
    end },
    { "points", function()
      local x = core.tensor { { 1, 2, 0 }, { 2, 1, 4 }, { 7, 3, 1 }, { 8, 4, 2 } }
      local p, k = cmml.analysis.pca(x), cmml.analysis.kmeans(x, { k = 2, restarts = 2 })
      local picture = cmml.svg.scatter { title = "<p>", points = p.coordinates,
        groups = k.clusters:totable(), names = { "a", "b\0", "c", "d" } }
      return picture .. cmml.analysis.tsne(x, { iterations = 4 }).coordinates:tobytes()
        .. cmml.analysis.adjusted_rand_index(k.clusters, { "a", "a", "b", "b" })
    end },
    { "vocab", function()
      local vocab = core.vocab()
      for i = 1, 40 do
        vocab:add("key " .. i % 30)
      end
      local bytes, offsets = vocab:export()
      local again = assert(core.vocab(bytes, offsets))
      return again:text(7) .. again:id "key 3" .. table.concat(again:ids { 1, "key 5" }:totable())
    end },
  }
end
