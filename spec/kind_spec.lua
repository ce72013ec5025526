-- Kinds of recommenders that are declared wrongly are refused where they are declared, by name, and
-- leave nothing behind.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text

local function nothing()
  return {}
end

-- A declaration that is right but for some of its fields; false takes one away.
local function kind(changes)
  local declaration = { name = "toy_refused", title = "toy", settings = { "users" },
    learns = "none", make = nothing, adapt = nothing, score = nothing,
    options = { { name = "width", kind = "integer", from = 1, to = 9, default = 2,
      help = "width" } },
    presets = { small = { model = { width = 1 } } } }
  for key, value in pairs(changes) do
    declaration[key] = value or nil
  end
  return declaration
end

-- The same with one option more.
local function with_option(option)
  return kind { options = { { name = "depth", kind = "integer", help = "depth" }, option } }
end

local function refuses(text, declaration)
  refused(text, cmml.kind, declaration)
  assert.is_nil(cmml.recommenders.toy_refused)
  assert.is_nil((cmml.kinds.find("toy_refused", "users")))
end

describe("a kind is refused", function()
  it("unless it is a table with a name", function()
    refuses("kind: a table was expected, not nil", nil)
    refuses('kind: a table was expected, not "toy"', "toy")
    for _, name in ipairs { false, 5, "", "a b", "1st", "a-b" } do
      refuses("kind: name must be a text of letters, digits and _, not", kind { name = name })
    end
  end)

  it("without one of its functions or words", function()
    for _, key in ipairs { "title", "settings", "learns", "make", "adapt", "score" } do
      refuses(("kind toy_refused: %s is missing"):format(key), kind { [key] = false })
    end
  end)

  it("with fields that are unknown or of a wrong type", function()
    refuses("kind toy_refused: unknown field presetz; did you mean presets?",
      kind { presetz = {} })
    refuses("kind toy_refused: unknown field colour; known: adapt, adapts, baseline",
      kind { colour = "red" })
    for key, value in pairs { title = 5, settings = "users", learns = 1, adapts = 2, options = 3,
      presets = 4, needs = "vectors", baseline = "first", make = "f", adapt = {}, score = 5,
      loss = 6, fit = 7, tensors = 8, restore = 9, integers = 10, prepare = 11, over = 12,
      memory = 12.5,
      formerly = 13, describe = 14, check = 15, default_preset = 16, source = 17 } do
      refuses(("kind toy_refused: %s must be a "):format(key), kind { [key] = value })
    end
  end)

  it("with settings, ways and needs that do not exist", function()
    refuses("kind toy_refused: settings: there is no setting user; did you mean users?",
      kind { settings = { "user" } })
    refuses("kind toy_refused: settings: there is no setting 5; known: ",
      kind { settings = { 5 } })
    refuses("kind toy_refused: settings names none", kind { settings = {} })
    refuses('kind toy_refused: learns "gradients" is not known; did you mean gradient?',
      kind { learns = "gradients" })
    refuses('kind toy_refused: adapts "backward" is not known; known: forward, gradient',
      kind { adapts = "backward" })
    refuses('kind toy_refused: needs "vector" is not known; did you mean vectors?',
      kind { needs = { vector = true } })
  end)

  it("where its name is taken in one of its settings", function()
    refused("kind item_knn: there is a kind of this name for the setting users already", cmml.kind,
      kind { name = "item_knn" })
    refused("kind cf_score: there is a kind of this name for the setting scenarios already",
      cmml.kind, kind { name = "cf_score", settings = { "users", "scenarios" } })
    assert.is_nil((cmml.kinds.find("cf_score", "users"))) -- not even where it was free
    refuses("kind toy_refused: settings names users twice",
      kind { settings = { "users", "users" } })
  end)

  it("where what it says of learning and its functions do not go together", function()
    refuses("kind toy_refused learns by gradient: the function loss is missing",
      kind { learns = "gradient" })
    refuses("kind toy_refused learns by fit: the function fit is missing", kind { learns = "fit" })
    refuses('kind toy_refused: the function fit does not go with learns = "gradient"',
      kind { learns = "gradient", loss = nothing, fit = nothing })
    refuses('kind toy_refused: the function loss does not go with learns = "fit"',
      kind { learns = "fit", loss = nothing, fit = nothing, tensors = nothing, restore = nothing })
    for _, key in ipairs { "loss", "fit" } do
      refuses(('kind toy_refused: the function %s does not go with learns = "none"'):format(key),
        kind { [key] = nothing })
    end
    refuses('kind toy_refused: the function prepare does not go with learns = "none"',
      kind { prepare = nothing })
    refuses("kind toy_refused: fitted_parts goes with learns = ", kind { fitted_parts = { "a" } })
    refuses("kind toy_refused: fitted_parts: entry 1 ", kind { fitted_parts = { 5 } })
    refuses("kind toy_refused: tensors and restore go together", kind { tensors = nothing })
    refuses("kind toy_refused: tensors and restore go together", kind { restore = nothing })
    refuses("kind toy_refused is fitted: tensors and restore are missing", kind { learns = "fit",
      fit = nothing })
  end)

  it("with options that are declared wrongly", function()
    for text, option in pairs {
      ["option 2 has no name"] = 5,
      ["declaration of option Width: the name must be of small letters"] = { name = "Width",
        kind = "integer", help = "x" },
      ["declaration of option height: field help is missing"] = { name = "height",
        kind = "integer" },
      ["declaration of option height: field kind is missing"] = { name = "height", help = "x" },
      ['declaration of option height: kind "int" is not known; did you mean integer?'] = {
        name = "height", kind = "int", help = "x" },
      ["declaration of option height: unknown field form; did you mean from?"] = {
        name = "height", kind = "integer", form = 1, help = "x" },
      ["declaration of option height: default must be at least 1, but is 0"] = { name = "height",
        kind = "integer", from = 1, default = 0, help = "x" },
      ['declaration of option height: default must be an integer, not "2"'] = { name = "height",
        kind = "integer", default = "2", help = "x" },
      ["declaration of option height: no number is within its bounds"] = { name = "height",
        kind = "integer", from = 3, to = 2, help = "x" },
      ['declaration of option height: default "c" is not known; known: a, b'] = {
        name = "height", kind = "string", choices = { "a", "b" }, default = "c", help = "x" },
      ["option depth is declared twice"] = { name = "depth", kind = "number", help = "x" },
      ["option preset is declared twice"] = { name = "preset", kind = "number", help = "x" },
    } do
      local declaration = with_option(option)
      declaration.presets = { small = { model = {} } }
      refuses(text, declaration)
    end
  end)

  it("with presets that do not fit its options", function()
    refuses("kind toy_refused: preset small: there is no option widht; did you mean width?",
      kind { presets = { small = { model = { widht = 1 } } } })
    refuses("kind toy_refused: preset small: width must be from 1 to 9, but is 10",
      kind { presets = { small = { model = { width = 10 } } } })
    refuses('kind toy_refused: preset small: width must be an integer, not "2"',
      kind { presets = { small = { model = { width = "2" } } } })
    refuses("kind toy_refused: preset small must be a table with model",
      kind { presets = { small = { width = 1 } } })
    refuses("kind toy_refused: preset small: unknown field trainning; did you mean training?",
      kind { presets = { small = { model = {}, trainning = {} } } })
    refuses("kind toy_refused: preset small: training must be a table",
      kind { presets = { small = { model = {}, training = 5 } } })
    refuses("kind toy_refused: preset small: dim must be a number, not table",
      kind { presets = { small = { model = {}, dim = {} } } })
    local function with_training(training)
      return kind { learns = "gradient", loss = nothing,
        presets = { small = { model = {}, training = training } } }
    end
    refuses("kind toy_refused: preset small: there is no option epoch of training; did you mean "
      .. "epochs?", with_training { epoch = 3 })
    refuses("kind toy_refused: preset small: lr must be above 0, but is -1",
      with_training { lr = -1 })
    refuses("kind toy_refused: preset small: there is no option rounds of training; known: ",
      with_training { rounds = 1 }) -- one of scenarios
    local function with(key, value)
      return kind { presets = { small = { model = {}, [key] = value } } }
    end
    refuses('kind toy_refused: preset small: budgets "fast" is not known; known: default, ',
      with("budgets", { fast = {} }))
    refuses("kind toy_refused: preset small: budget default: epochs must be at least 0, but is -1",
      with("budgets", { default = { epochs = -1 } }))
    refuses("kind toy_refused: preset small: setting is scenarios, but the kind is for users",
      with("setting", "scenarios"))
    refuses("kind toy_refused: preset small: split is not for a preset to decide in the setting "
      .. "users", with("split", { query_fraction = 0.2 }))
    refuses("kind toy_refused: preset small: vectors is not for a preset to decide",
      with("vectors", { factors = 8 }))
    local function of_scenarios(key, value)
      return kind { settings = { "scenarios" }, presets = { small = { model = {},
        [key] = value } } }
    end
    refuses("kind toy_refused: preset small: split: unknown option protocol; known: query",
      of_scenarios("split", { protocol = "published" }))
    refuses("kind toy_refused: preset small: split: query_fraction must be",
      of_scenarios("split", { query_fraction = 1 }))
    refuses('kind toy_refused: preset small: vectors: method must be "als" or "bpr"',
      of_scenarios("vectors", { method = "svd" }))
    refuses("kind toy_refused: preset small: vectors: unknown option alfa; did you mean alpha?",
      of_scenarios("vectors", { sets = { yelp = { alfa = 1 } } }))
    refuses("kind toy_refused: preset small: vectors: sets.yelp: further is for all sets",
      of_scenarios("vectors", { sets = { yelp = { further = 1 } } }))
    refuses("kind toy_refused: default_preset: there is no preset smal; did you mean small?",
      kind { default_preset = "smal" })
  end)

  it("with lists and tables that hold something else", function()
    refuses("kind toy_refused: settings must be a list without gaps, but has the key main",
      kind { settings = { "users", main = "users" } })
    refuses("kind toy_refused: options must be a list without gaps, but has the key",
      kind { options = cmml.settings:get("users").options })
    refuses("kind toy_refused: formerly: entry 1 must be a text, not number 5",
      kind { formerly = { 5 } })
    refuses("kind toy_refused: integers must be true by name of an entry, but has 1 = \"rows\"",
      kind { integers = { "rows" } })
    refuses('kind toy_refused: needs: vectors must be a boolean, not "cf"',
      kind { needs = { vectors = "cf" } })
    refuses('kind toy_refused: baseline does not go with learns = "gradient"',
      kind { learns = "gradient", loss = nothing, baseline = 9 })
  end)

  it("under a name by which model files know another kind", function()
    refused("kind scenario_cmml: the name scenario_cmml is in model files of another kind for the "
      .. "setting scenarios", cmml.kind, kind { name = "scenario_cmml",
      settings = { "scenarios" } })
    refuses("kind toy_refused: the name item_knn is in model files of another kind for the setting "
      .. "users", kind { formerly = { "item_knn" } })
    assert.equal("cmml", cmml.kinds.of_file("scenario_cmml", "scenarios").kind)
  end)

  it("without a trace in the reference", function()
    refuses("width must be from 1 to 9", kind { presets = { small = { model = { width = 0 } } } })
    assert.is_nil(require("cmml.base.options").registered()["toy_refused (users)"])
  end)

  it("and can be declared once what was wrong is right", function()
    assert.is_function(cmml.kind(kind { name = "toy_accepted" }))
    assert.equal("toy_accepted", cmml.kinds.find("toy_accepted", "users").kind)
    refused("kind toy_accepted: there is a kind of this name", cmml.kind,
      kind { name = "toy_accepted" })
  end)
end)

describe("a kind that exists", function()
  local data = cmml.settings:get("users").made()
  local catalogue = assert(cmml.users.protocol(data)).catalogue

  it("is found by its name and setting, else the nearest is named", function()
    assert.equal("item_knn", cmml.kinds.find("item_knn", "users").kind)
    local class, message = cmml.kinds.find("item_kn", "users")
    assert.is_nil(class)
    assert.matches("there is no kind of recommender item_kn; did you mean item_knn", message)
    class, message = cmml.kinds.find("item_knn", "scenarios")
    assert.is_nil(class)
    assert.matches("the kind item_knn is for ratings of users, not for scenarios", message)
    assert.matches("; known: cf_score, cmml, ", message)
    refused("kinds.find: setting: there is no setting user; did you mean users?", cmml.kinds.find,
      "item_knn", "user")
  end)

  it("is made over a catalogue of its setting alone, with options that it has", function()
    refused("cf_score: the catalogue is for the setting users, but this kind is for scenarios",
      cmml.recommenders.cf_score, catalogue)
    refused("unknown option nearst; did you mean nearest?",
      cmml.recommenders.item_knn, catalogue, { nearst = 2 })
    refused("cmml: there is no preset papr of cmml for ratings of users; did you mean paper?",
      cmml.recommenders.cmml, catalogue, { preset = "papr" })
  end)

  it("must give a table, and with it its weights where it learns them", function()
    local make = cmml.kind(kind { name = "toy_makes_nothing", make = function() end })
    refused("toy_makes_nothing: make must give a table of the model's fields, not nil", make,
      catalogue)
    make = cmml.kind(kind { name = "toy_without_weights", learns = "gradient", loss = nothing })
    refused("toy_without_weights: make must give a field module, which holds the weights", make,
      catalogue)
  end)

  it("must give a number for each row, and one number as its loss", function()
    local n, split = 0, assert(cmml.users.protocol(data))
    local function with(functions)
      n = n + 1
      functions.name, functions.learns = "toy_gives_" .. n, "gradient"
      functions.loss = functions.loss or nothing
      function functions.make(_, _, init)
        return { module = cmml.nn.linear { inp = 1, out = 1, init = init } }
      end
      return cmml.kind(kind(functions))(catalogue, {})
    end
    local item = catalogue.items:text(1)
    for text, given in pairs { ["not nil"] = false, ["not number 3"] = 3,
      ["not a Tensor [1, 1]"] = cmml.zeros { 1, 1 }, ["not a Tensor [2]"] = cmml.zeros { 2 } } do
      local adapted = with({ score = function()
        return given or nil
      end }):adapt {}
      refused(("toy_gives_%d: score must give a Tensor [1], a number for each row, %s"):format(n,
        text), adapted.predict, adapted, { item })
    end
    for text, given in pairs { ["not nil"] = false, ["not number 3"] = 3,
      ["not one [2]"] = cmml.zeros { 2 } } do
      local model = with { loss = function()
        return given or nil
      end }
      refused(("toy_gives_%d: loss must give one number, as a Tensor, %s"):format(n, text),
        cmml.train, model, split, { epochs = 1, batch = 2, support = 1, query = 1 })
    end
  end)

  it("checks its options by a function of its own, if it has one", function()
    local make = cmml.kind(kind { name = "toy_checks", check = function(opt)
      assert(opt.width ~= 3, "three is too many")
    end })
    refused("three is too many", make, catalogue, { width = 3 })
    assert.equal(2, make(catalogue).options.width)
    local kept = make(catalogue):export()
    kept.config.options = { width = 3 }
    refused("three is too many", cmml.import_recommender, kept)
  end)

  it("has the values of a preset before its defaults, and what was given before both", function()
    for _, learns in ipairs { "gradient", "none" } do
      local make = cmml.kind(kind { name = "toy_preset_" .. learns, learns = learns,
        loss = learns == "gradient" and nothing or false,
        make = function(_, _, init)
          return { module = init and cmml.nn.linear { inp = 1, out = 1, init = init } }
        end, presets = { small = { model = { width = 1 } } }, default_preset = "small" })
      assert.equal(1, make(catalogue).options.width)
      assert.equal(2, make(catalogue, { width = 2 }).options.width)
    end
  end)
end)

describe("a declaration is checked at once", function()
  local wrong = with_option { name = "height", kind = "integer", from = 1, default = 0, help = "x" }
  local text = "toy_refused (users): declaration of option height: default must be at least 1"

  it("where a file ends in it, by a tail call", function()
    refused(text, function()
      return cmml.kind(wrong)
    end)
    local ok, message = pcall(coroutine.wrap(load("return function(declare, d) return declare(d) "
      .. "end")()), cmml.kind, wrong)
    assert.is_false(ok)
    assert.truthy(message:find(text, 1, true), message)
  end)

  it("where it is the first call of a coroutine", function()
    local ok, message = coroutine.resume(coroutine.create(cmml.kind), wrong)
    assert.is_false(ok)
    assert.truthy(message:find(text, 1, true), message)
  end)
end)
