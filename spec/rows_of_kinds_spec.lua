-- The rows of comparisons that leave no kind out, and the budget they are trained under.
local cmml = require "cmml"
local computing = require "spec.support.computing"
local refused = require "spec.support.refused"
require "spec.support.toy_kinds"

local quick = { quick = true, seeds = 1, resamples = 20 }

local function with(changes)
  local options = {}
  for _, source in ipairs { quick, changes or {} } do
    for key, value in pairs(source) do
      options[key] = value
    end
  end
  return options
end

-- The titles of the rows of an experiment, and its cells' settings by title.
local function rows_of(name, changes)
  local settings, result = computing.settings_of(name, with(changes))
  local titles, by_title = {}, {}
  for i, row in ipairs(result.tables[1].rows) do
    titles[i], by_title[row.row] = row.row, settings[i]
  end
  return titles, by_title, result
end

-- A kind that learns by gradients as another does, with presets of its own.
local function declare(name, presets, changes)
  local declaration = {}
  for key, value in pairs(cmml.kinds.find("toy_forward", "users").declaration) do
    declaration[key] = value
  end
  for key, value in pairs(changes or {}) do
    declaration[key] = value
  end
  declaration.name, declaration.title, declaration.presets = name, name, presets
  cmml.kind(declaration)
end

local function preset(tuned)
  return { model = { width = 2 }, training = { lr = 0.01 }, tuned = tuned }
end

describe("rows of kinds", function()
  it("are every kind that learns and every baseline, of those that predict what is compared",
    function()
    for _, setting in ipairs { "users", "scenarios" } do
      local titles, by_title = rows_of(setting)
      local seen = {}
      for _, title in ipairs(titles) do
        seen[by_title[title].kind] = true
      end
      for _, class in ipairs(cmml.kinds.list(setting)) do
        local wanted = class.learns ~= "none" or class.baseline ~= nil
          or class.default_preset ~= nil
        assert.equal(wanted and class.predicts == cmml.settings:get(setting).predicts,
          seen[class.kind] or false, class.kind)
      end
      assert.equal("CMML (recommended)", titles[1])
      local text = table.concat(titles, "|")
      assert.truthy(text:find("CMML (paper)|CMML (published-code)|", 1, true), text)
      assert.is_nil(text:find("ml20m", 1, true))
      assert.is_nil(text:find("soft", 1, true))
      assert.truthy(text:find("toy, fitted", 1, true))
      assert.is_nil(text:find("toy, nothing", 1, true))
    end
  end)

  it("are of what was published and of what was tuned, else of the default", function()
    declare("spec_tuned", { recommended = preset(), tuned = preset { seconds = 12.5 },
      published = preset(), ["published-code"] = preset(), ["published/soft"] = preset(),
      other = preset(), ["recommended/small"] = preset() })
    declare("spec_published", { published = preset() }, { default_preset = "published" })
    declare("spec_bare", nil, { options = { { name = "width", kind = "integer", default = 3,
      help = "width" } } })
    local function titles_of(changes)
      changes.kinds = { "spec_tuned", "spec_published", "spec_bare" }
      return rows_of("users", changes)
    end
    local titles, by_title, result = titles_of {}
    assert.same({ "spec_tuned (tuned)", "spec_tuned (published)", "spec_tuned (published-code)",
      "spec_published (published)", "spec_bare" }, titles)
    assert.equal("tuned", by_title["spec_tuned (tuned)"].model.preset)
    assert.equal(12.5, result.rows[1].tuning_seconds)
    assert.is_nil(result.rows[2].tuning_seconds)
    titles = titles_of { variants = true }
    assert.truthy(table.concat(titles, "|"):find("spec_tuned (recommended small)", 1, true))
    local recommended = {}
    for _, title in ipairs((rows_of("scenarios", { kinds = "cmml", variants = true }))) do
      recommended[#recommended + 1] = title:match "^CMML %(recommended.*"
    end
    assert.same({ "CMML (recommended)", "CMML (recommended without-context)",
      "CMML (recommended without-modulation)" }, recommended)
    refused.with_text("there is no kind of recommender cmmll; did you mean cmml?", cmml.experiment,
      "users", with { kinds = "cmmll" })
  end)

  it("learn until validation stops improving, under limits that are the same for all", function()
    local _, by_title, result = rows_of("users", { quick = false, data = "data/made" })
    for title, settings in pairs(by_title) do
      local learns = cmml.kinds.find(settings.kind, "users").learns == "gradient"
      assert.equal(learns and 200 or nil, (settings.training or {}).epochs, title)
      assert.equal(learns and 10 or nil, (settings.training or {}).patience, title)
    end
    assert.equal("plateau", by_title["CMML (recommended)"].training.schedule)
    assert.is_nil(by_title["CMML (paper)"].training.schedule)
    assert.matches("stopped after 10 without", (result.text:gsub("%s+", " ")))
    _, by_title = rows_of("users", { quick = false, data = "data/made", budget = "published" })
    assert.equal(30, by_title["CMML (paper)"].training.epochs)
    assert.equal(0, by_title["CMML (paper)"].training.patience)
    _, by_title = rows_of("users", { quick = false, data = "data/made", epochs = 400,
      patience = 3 })
    assert.equal(400, by_title["CMML (paper)"].training.epochs)
    assert.equal(3, by_title["CMML (recommended)"].training.patience)
    for _, name in ipairs { "modulations", "encoders" } do
      local settings = computing.settings_of(name, { data = "data/made", seeds = 1 })
      assert.equal(200, settings[1].training.epochs)
    end
  end)

  it("say how a training ended", function()
    local result = cmml.experiment("users", { data = "data/made", seeds = 1, epochs = 40,
      patience = 1, kinds = "toy_forward,item_mean", resamples = 20, draws = 1 })
    local row = result.rows[1]
    assert.equal("toy, forward (recommended)", row.row)
    assert.equal(1, row.runs)
    assert.equal(row.epochs < 40 and 1 or 0, row.patience)
    assert.is_true(row.train_seconds > 0 and row.train_seconds <= row.seconds)
    assert.is_nil(result.rows[2].runs)
    assert.is_true(result.rows[2].train_seconds > 0)
  end)
end)

describe("an optional row", function()
  local function experiment(optional)
    return cmml.experiment(with { epochs = 1, draws = 1, rows = {
      { row = "mean", kind = "item_mean" },
      { row = "cannot", kind = "spec_needy", optional = optional } } })
  end

  it("that the data refuse is left out and told, and any other refused", function()
    declare("spec_needy", { recommended = preset() }, { make = function()
      error("it needs what these data have not", 0)
    end })
    local result = experiment(true)
    assert.same({}, result.failures)
    assert.equal(1, #result.rows)
    assert.matches("cannot is left out: it needs what these data have not", result.text)
    assert.matches("it needs what", result.tables[1].left_out.cannot)
    refused.with_text('row "cannot": it needs what these data have not', experiment, false)
  end)
end)
