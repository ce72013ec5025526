-- Tuning on data that a program has in memory: the same as on the files that hold them.
local cmml = require "cmml"
local in_memory = require "cmml.pipeline.in_memory"
local refused = require("spec.support.refused").with_text

-- Ratings of two tastes, by a rule.
local rows, lines = {}, {}
for user = 1, 60 do
  for k = 0, 7 do
    local item = (user * 5 + k * 7) % 24 + 1
    local stars = (user + item) % 2 == 0 and 4 + k % 2 or 1 + k % 3
    rows[#rows + 1] = { "u" .. user, "i" .. item, stars }
    lines[#lines + 1] = ("u%d,i%d,%d\n"):format(user, item, stars)
  end
end

local function options(more)
  local all = { model = "matrix_factorization", trials = 3, valid = 0.2, quiet = true,
    space = { factors = { 2, 4, 8 }, ridge = "log:0.1:10" } }
  for key, value in pairs(more) do
    all[key] = value
  end
  return all
end

local function values_of(found)
  local list = {}
  for i, trial in ipairs(found.trials) do
    list[i] = { trial.trial, trial.value, trial.values }
  end
  return list
end

describe("tune on a Dataset", function()
  local dataset = cmml.dataset { name = "own/tables", ratings = rows }

  it("finds what it finds on a file of the same ratings, time and again", function()
    local path = os.tmpname()
    assert(cmml.core.write_file(path, "user,item,rating\n" .. table.concat(lines)))
    local from_file = cmml.tune(options { ratings = path })
    os.remove(path)
    for _ = 1, 2 do
      local found = cmml.tune(options { data = dataset })
      assert.equal("mae", found.metric)
      assert.same({}, found.failures)
      assert.same(values_of(from_file), values_of(found))
    end
    assert.equal(3, #from_file.trials)
    assert.is_nil(in_memory.find "in memory (own tables)")
  end)

  it("tunes several kinds at an equal budget", function()
    local found = cmml.tune_kinds { data = dataset, kinds = "item_knn,item_mean", trials = 2,
      quiet = true }
    assert.same({}, found.failures)
    assert.equal(2, #found.kinds[1].trials)
    assert.is_number(found.kinds[2].trials[1].value)
  end)

  it("refuses data of the other precision", function()
    local of_double = cmml.double.dataset { name = "own", ratings = rows }
    refused("tune: the data were made by cmml.double, whose numbers are of another precision: make "
      .. "them by cmml, or call cmml.double.tune", cmml.tune, options { data = of_double })
    refused("tune: the data were made by cmml, whose numbers are of another precision: make them "
      .. "by cmml.double, or call cmml.tune", cmml.double.tune, options { data = dataset })
    assert.same({}, cmml.double.tune(options { data = of_double, trials = 1 }).failures)
  end)

  it("takes data of scenarios, too", function()
    local made = cmml.settings:get("scenarios").made {}
    local found = cmml.tune { data = made, quick = true, trials = 1, quiet = true }
    assert.is_number(found.trials[1].value)
    for name, value in pairs { by = "tag", scenario_field = "x", min_rating = 4, min_items = 3,
      max_items = 9, min_users = 2 } do
      refused(("tune: %s says how data are made of files, but here they are an object: give it to "
        .. "what makes the object"):format(name), cmml.tune, { data = made, quick = true,
        [name] = value })
    end
  end)

  it("keeps no results, and is in no other process", function()
    refused("tune: out needs data in files", cmml.tune, options { data = dataset, out = "x" })
    refused("tune_kinds: out needs data in files", cmml.tune_kinds, { data = dataset, out = "x" })
    refused("tune: processes needs data in files", cmml.tune, options { data = dataset,
      processes = true })
    refused("tune: jobs must be 1", cmml.tune, options { data = dataset, jobs = 2 })
    refused("tune: data and ratings exclude each other", cmml.tune, options { data = dataset,
      ratings = "x" })
    refused("tune: the data are of the setting users, not of scenarios", cmml.tune,
      options { data = dataset, setting = "scenarios" })
    refused("tune: option data must be the name of a folder, or an object (cmml.ScenarioData, "
      .. "cmml.SequenceData, cmml.Dataset), not table; cmml.dataset makes one of tables", cmml.tune,
      options { data = rows })
    refused("tune: option data must be a string, not boolean", cmml.tune, options { data = false })
    assert.is_nil(in_memory.find "in memory (own tables)")
  end)
end)
