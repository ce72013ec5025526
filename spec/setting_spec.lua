-- Settings: one that is declared wrongly is refused by name, and a third one from a file of a
-- user's own is driven as those of the library are.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"
local toy_setting = require "spec.support.toy_setting"
local toys = require "spec.support.toy_kinds"

local function nothing()
  return {}
end

local needed = { "read", "split", "catalogue", "learnable", "conditions", "source", "make_tasks",
  "evaluations", "read_support" }

-- A declaration that is right but for some of its fields; false takes one away.
local function setting(changes)
  local declaration = { name = "refused", title = "nobody", noun = { "one", "ones" } }
  for _, key in ipairs(needed) do
    declaration[key] = nothing
  end
  for key, value in pairs(changes) do
    declaration[key] = value or nil
  end
  return declaration
end

local function refuses(text, declaration)
  refused(text, cmml.setting, declaration)
  assert.is_nil(cmml.settings:get "refused")
end

describe("a setting is refused", function()
  it("unless it is a table with a name that is free", function()
    refuses("setting: a table was expected, not nil", nil)
    for _, name in ipairs { false, 5, "", "a b" } do
      refuses("setting: name must be a text of letters, digits and _, not",
        setting { name = name })
    end
    local before = cmml.settings:get "users"
    refuses("setting: there is a setting users already", setting { name = "users", options = {} })
    assert.equal(before, cmml.settings:get "users")
    assert.truthy(require("cmml.base.options").registered()["options: users"]:find "cap")
  end)

  it("without one of its functions and words", function()
    for _, key in ipairs(needed) do
      refuses(("setting refused: %s is missing (a function)"):format(key),
        setting { [key] = false })
    end
    refuses("setting refused: title is missing (a string)", setting { title = false })
    refuses("setting refused: noun is missing (a table)", setting { noun = false })
    refuses("setting refused: noun must be what a task is called, {one, several of them}",
      setting { noun = { "one" } })
  end)

  it("with fields that are unknown or of a wrong type", function()
    refuses("setting refused: unknown field evaluation; did you mean evaluations?",
      setting { evaluation = nothing })
    for key, value in pairs { made = 1, report = 2, columns = {}, rank = "first",
      knows_users = "yes", protocols = "all", options = nothing, read = {}, title = 5,
      noun = "one" } do
      refuses(("setting refused: %s must be a "):format(key), setting { [key] = value })
    end
  end)

  it("with names that are taken, which would spoil the options of all settings", function()
    local function with(key, name)
      return setting { [key] = { { name = name, kind = "integer", help = "x" } } }
    end
    refuses("setting refused: training_options: lr is an option of every setting already",
      with("training_options", "lr"))
    refuses("setting refused: options: valid is an option of every setting already",
      with("options", "valid"))
    refuses("setting refused: training_options: rounds is an option of the setting scenarios "
      .. "already: take another name", with("training_options", "rounds"))
    for name, whose in pairs { draws = "every experiment already",
      jobs = "every experiment already", trials = "tuning already", model = "tuning already",
      epochs = "training, which experiments" } do
      refuses(("setting refused: evaluation_options: %s is an option of %s"):format(name, whose),
        with("evaluation_options", name))
    end
    refuses("setting refused: experiment_options: cap is an option of the setting users already",
      with("experiment_options", "cap"))
    refuses("setting: scenario is what earlier files call the setting scenarios",
      setting { name = "scenario" })
    refuses("setting refused: formerly: there is a setting users",
      setting { formerly = { "users" } })
    assert.is_nil(require("cmml.base.options").registered()["options: refused"])
  end)

  it("with options or protocols that are declared wrongly", function()
    for _, key in ipairs { "options", "training_options", "evaluation_options",
      "support_options" } do
      refuses(key .. ": refused: declaration of option width: default must be at least 1, but is 0",
        setting { [key] = { { name = "width", kind = "integer", from = 1, default = 0,
          help = "width" } } })
      refuses(key
        .. ": refused: declaration of option width: unknown field hlp; did you mean help?",
        setting { [key] = { { name = "width", kind = "integer", hlp = "width" } } })
    end
    for _, key in ipairs { "options", "training_options", "evaluation_options",
      "experiment_options", "support_options" } do
      refuses(key .. ": refused: option 1 has no name", setting { [key] = { 5 } })
      refuses(("setting refused: %s must be a list without gaps, but has the key main"):format(key),
        setting { [key] = { main = 5 } })
    end
    refuses('setting refused: noted: cap must be a string, not number 1',
      setting { noted = { cap = 1 } })
    refuses('refused: noted: declaration of option cap: kind "intger" is not known; did you mean '
      .. "integer?", setting { noted = { cap = "intger?" } })
    refuses("setting refused: protocol 1 must be a table with name, a text",
      setting { protocols = { "held-out" } })
    refuses("setting refused: protocol 2 must be a table with another name than a",
      setting { protocols = { { name = "a" }, { name = "a" } } })
  end)
end)

describe("a setting of one's own", function()
  local own = cmml.settings:get "counting"
  local data, split, catalogue, folder

  setup(function()
    data = own.made {}
    split = assert(own.split(data, { data_seed = 1, valid = 0.2, protocol = "held-out" }))
    catalogue = own.catalogue(split)
  end)

  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local function write(name, lines)
    temporary.write(folder, name .. "/counting.txt", table.concat(lines))
    return folder .. "/" .. name
  end

  local function run(name, options)
    local model, all = cmml.recommenders[name](catalogue), { epochs = 3, patience = 0 }
    for key, value in pairs(options or {}) do
      all[key] = value
    end
    return model, cmml.train(model, split, all)
  end

  local function tasks()
    return own.evaluations(split, {})[1].tasks
  end

  it("is known by its name, as are its kinds and its loader", function()
    assert.equal("[cmml.Setting counting: people who count]", tostring(own))
    local names = {}
    for i, class in ipairs(cmml.kinds.list "counting") do
      names[i] = class.kind
    end
    assert.same(toys.names, names)
    assert.equal("counting", cmml.loaders_of("counting")[1].name)
    assert.equal("held-out", own:protocol("spec").name)
    refused("spec: there is no protocol held_out for people who count; did you mean held-out?",
      own.protocol, own, "spec", "held_out")
  end)

  it("reads data by its loader", function()
    local path = write("some", { "ann 3 5 8\n", "bo 1 2 6\n" })
    local loader = cmml.loaders_of("counting")[1]
    local read = assert(own.read({ { folder = path, loader = loader } }, {}))
    assert.equal(2, #read.counters)
    assert.same({ 3, 8, 13, 18, 23, 4, 9, 14 }, toy_setting.said_by(read.counters[1]))
    assert.equal(1, #own.read({ { folder = path, loader = loader } }, { max_step = 2 }).counters)
  end)

  it("evaluates with any metric, models of its own alone", function()
    local list = {}
    for i, name in ipairs(toys.names) do
      list[i] = cmml.recommenders[name](catalogue)
      if list[i].fit then
        list[i]:fit(own.learnable(split))
      end
    end
    local found = cmml.evaluate(list, tasks(), { metrics = { "auc", "recall@2", "mae" } })
    assert.equal(4, #found)
    for _, metric in ipairs { "auc", "recall@2", "mae" } do
      assert.equal(#split.test, #found[1][metric].values)
    end
    assert.truthy(found[3].auc.mean > 0.4)
    local users = assert(cmml.users.protocol(cmml.settings:get("users").made()))
    refused("is for ratings of users, but the tasks are of the setting counting", cmml.evaluate,
      { cmml.recommenders.global_mean(users.catalogue) }, tasks())
    refused("is for people who count, but the tasks are of the setting users", cmml.evaluate,
      list, cmml.users.tasks { ratings = users.all, users = users.test, bags = users.bags })
  end)

  it("trains, resumes bit for bit and by threads, and learns to tell", function()
    for _, name in ipairs { "toy_forward", "toy_inner" } do
      local out = folder .. "/" .. name
      local whole, result = run(name, { epochs = 4, out = out .. "whole" })
      assert.equal("epochs", result.stopped)
      run(name, { epochs = 2, out = out })
      assert.equal(people.bits(whole), people.bits((run(name, { epochs = 4, out = out,
        resume = true }))))
      local one = run(name, { shards = 2 })
      assert.equal(people.bits(one), people.bits((run(name, { shards = 2, threads = 2,
        modules = { "spec.support.toy_setting" } }))))
    end
    local model = run("toy_forward", { epochs = 60, lr = 0.05 })
    assert.truthy(cmml.evaluate({ model }, tasks())[1].auc.mean > 0.9)
  end)

  it("has options of training that others do not have, and not theirs", function()
    local users = assert(cmml.users.protocol(cmml.settings:get("users").made()))
    local model = cmml.cmml(users.catalogue)
    cmml.train(model, users, { epochs = 0 }) -- whatever the defaults are of options of others
    refused("train: option pace applies only to people who count", cmml.train, model, users,
      { epochs = 0, pace = 2 })
    refused("train: option short_supports applies only to ratings of users, but the model is for "
      .. "people who count", run, "toy_forward", { short_supports = 0.5 })
    run("toy_forward", { epochs = 1, patience_of_counters = 1, out = folder })
    refused("train: cannot resume: patience_of_counters was 1, now it is 2", run, "toy_forward",
      { epochs = 2, patience_of_counters = 2, out = folder, resume = true })
    refused("patience_of_counters must be at least 0, but is -1", run, "toy_forward",
      { patience_of_counters = -1 })
  end)

  it("saves and loads, adapts, predicts and recommends", function()
    for _, name in ipairs(toys.names) do
      local model = cmml.recommenders[name](catalogue)
      if model.learns == "gradient" then
        model = run(name)
      elseif model.fit then
        model:fit(own.learnable(split))
      end
      local path = folder .. "/" .. name
      assert(model:save(path))
      local loaded = assert(cmml.load(path))
      assert.equal(own, loaded.setting)
      local support = { { "n3", 1 }, { "n6", 1 }, { "n4", 0 } }
      local one, two = model:adapt(support), loaded:adapt(support)
      assert.same(one:predict { "n9", "n10" }, two:predict { "n9", "n10" })
      local list = two:recommend { n = 30 }
      assert.same(list, one:recommend { n = 30 })
      assert.equal(22, #list) -- of 24, n3 and n6 were said
      assert.equal(2, #two:recommend { items = { "n3", "n4", "n5" } })
    end
    local model = cmml.recommenders.toy_nothing(catalogue)
    refused("adapt: entry 1: x is no number of the clock", model.adapt, model, { { "x", 1 } })
    assert.same({ "x" }, model:adapt({ { "x", 1 } }, { unknown = "skip" }).skipped)
  end)
end)

describe("a default that settings differ in", function()
  it("is told of each that has one", function()
    local setting_defaults = require "cmml.base.setting_defaults"
    local draws, cutoffs = setting_defaults.of "draws", setting_defaults.of "cutoffs"
    assert.equal("1 for scenarios, 1 for sequences, 5 for users", draws())
    assert.equal("10,20,50 for scenarios; 10 for sequences; 1,3 for users", cutoffs())
    setting_defaults.add("told", { draws = 7 })
    assert.equal("1 for scenarios, 1 for sequences, 5 for users, 7 for told", draws())
    assert.equal("10,20,50 for scenarios; 10 for sequences; 1,3 for users", cutoffs())
    setting_defaults.add("told", {})
    assert.equal("the setting's", setting_defaults.of "none_such"())
  end)
end)
