-- What people get wrong with sequences, and what they are told: on the command line and in Lua.
local cli = require "spec.support.cli"
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"

-- Twelve people who go round a ring of six items; person k came at 100 * k.
local function interactions()
  local list = {}
  for user = 1, 12 do
    for k = 0, 4 do
      list[#list + 1] = { "u" .. user, "i" .. (user + k) % 6, user * 100 + k }
    end
  end
  return list
end

local function split_of(list, options)
  return assert(cmml.sequences.split(cmml.sequences.data { name = "ring", interactions = list,
    items = options and options.items }))
end

describe("sequences on the command line", function()
  local folder, own, model
  temporary.around(setup, teardown, function(path)
    folder = path
    local lines = {}
    for i, entry in ipairs(interactions()) do
      lines[i] = table.concat(entry, ",") .. "\n"
    end
    local text = table.concat(lines)
    temporary.write(path, "own.csv", "user,item,time\n" .. text)
    temporary.write(path, "plain.csv", "user,item\n" .. text:gsub(",%d+\n", "\n"))
    own = { "--ratings", path .. "/own.csv", "--columns", "user,item,time" }
    model = path .. "/model/best.safetensors"
  end)

  local function with(...)
    local words = table.move(own, 1, #own, 1, {})
    return table.unpack(table.move({ ... }, 1, select("#", ...), #words + 1, words))
  end

  -- Trains a kind that is fitted, or is told why not.
  local function train(...)
    return cli("train", "--out", folder .. "/model", with(...))
  end

  -- Fails unless a command ends badly with these words.
  local function says(text, ...)
    local output, said, code = cli(...)
    assert.is_true(code ~= 0, output)
    assert.truthy(said:find(text, 1, true), said)
  end

  it("are asked for where the files could be ratings", function()
    says("the kind markov is for sequences, not for ratings of users (--setting sequences)",
      "train", "--out", folder .. "/other", with("--model", "markov"))
  end)

  it("need times for what goes by time", function()
    says("plain has no times, so that nobody can be new in time: take --protocol random", "train",
      "--setting", "sequences", "--ratings", folder .. "/plain.csv", "--columns", "user,item",
      "--protocol", "time", "--model", "markov", "--out", folder .. "/other")
  end)

  it("refuse fields that the items do not have, before anything is learnt", function()
    for _, words in ipairs { { "mml_learner", "--reads", "fields" },
      { "mml", "--learners", "ids,fields" } } do
      says("the items of these data have no content features", "train", "--out", folder .. "/other",
        with("--setting", "sequences", "--model", table.unpack(words)))
    end
  end)

  it("tell that a kind learns in stages where it takes no training options", function()
    says("--epochs does not apply to --model mml, which learns in stages", "train", "--out",
      folder .. "/other", with("--setting", "sequences", "--model", "mml", "--epochs", "3"))
  end)

  it("are evaluated on the people that a model has not seen, or not at all", function()
    local _, said, code = train("--setting", "sequences", "--model", "markov")
    assert.equal(0, code, said)
    local words = { "evaluate", "--model", model, with() }
    assert.equal(0, select(3, cli(table.unpack(words))))
    words[#words + 1], words[#words + 2] = "--new-users", "0.5"
    says("with new users by time from 1100 on, not by time from 700 on", table.unpack(words))
    says("with new users by time from 1100 on, not at random with --data-seed 1", "evaluate",
      "--model", model, "--ratings", folder .. "/plain.csv", "--columns", "user,item")
    words[#words - 1], words[#words] = "--shown", "9"
    says("none of the 2 new users has more than 9 interactions: show fewer (--shown)",
      table.unpack(words))
  end)

  it("are recommended for by items that a model knows, or by none", function()
    says("item zzz is not in the catalogue of 6 items; --unknown skip leaves such items out",
      "recommend", "--model", model, "--sequence", "i1,zzz")
    local _, said, code = cli("recommend", "--model", model)
    assert.equal(0, code)
    assert.truthy(said:find("the support is empty: this is the list of somebody new", 1, true))
  end)
end)

describe("sequences in Lua", function()
  local records = {}
  for i = 0, 5 do
    records[i + 1] = { id = "i" .. i, side = i % 2 == 0 and "left" or "right" }
  end

  it("tell how many items lack what is known of others", function()
    local data = cmml.sequences.data { interactions = interactions(), items = { records[1],
      records[3], { id = "i4" } } }
    local text = table.concat(data.notes, "\n")
    assert.truthy(text:find("4 of 6 items have no content feature (i", 1, true), text)
    data = cmml.sequences.data { interactions = interactions(), items = records }
    assert.falsy(table.concat(data.notes, "\n"):find("no content feature", 1, true))
  end)

  it("refuse vectors of two widths", function()
    refused("the field v has vectors of 1 numbers and of 2: give all of one width",
      cmml.sequences.data, { interactions = interactions(), items = { { id = "i0", v = { 0.5 } },
        { id = "i1", v = { 0.5, 1 } } } })
  end)

  it("refuse options that would count for nothing", function()
    local split = split_of(interactions(), { items = records })
    local mml = cmml.recommenders.mml
    refused("mml: weights are of fusion fixed", mml, split.catalogue, { weights = { 1, 2 } })
    refused("mml: only of fusion learned do new items have an offset", mml, split.catalogue,
      { fusion = "fixed", new_offset = 1 })
    refused("mml: what each learner reads is option learners", mml, split.catalogue,
      { learner_options = { reads = { "ids" } } })
    refused("mml: learner_options: unknown option widht; did you mean width?", mml,
      split.catalogue, { learner_options = { widht = 8 } })
    refused("reads = \"ids\" says nothing of new items", cmml.recommenders.cmml_sequences,
      split.catalogue, { reads = { "ids" }, new_offset = 1 })
    local bare = split_of(interactions(), {})
    refused("the items of these data have no content features", cmml.recommenders.sasrec,
      bare.catalogue, { reads = { "ids", "posters" } })
  end)

  it("refuse fields that no item has", function()
    local split = split_of(interactions(), { items = records })
    refused("learners: the field \"sied\" is not known; did you mean side?", cmml.recommenders.mml,
      split.catalogue, { learners = { "ids", "sied" } })
    refused("attention_fields: the field \"sied\" is not known", cmml.recommenders.mml_learner,
      split.catalogue, { attention_fields = { "sied" } })
  end)

  it("are not learnt from without a split, nor served unlearnt", function()
    local split = split_of(interactions(), { items = records })
    local model = cmml.recommenders.mml(split.catalogue)
    refused("fit: a split of sequences was expected", cmml.fit, model, split.data)
    refused("fit: a split of sequences was expected", cmml.fit, model, { train = {} })
    local others = cmml.sequences.split(cmml.settings:get("sequences").made())
    refused("fit: the model was made for a catalogue of other items: item 1 is i1", cmml.fit,
      cmml.recommenders.markov(split.catalogue), others)
    refused("mml: nothing is learnt yet: use cmml.fit(model, split)", model.adapt, model, { "i1" })
    refused("mml learns without gradient training: use cmml.fit(model, split)", cmml.train, model,
      split)
    split = assert(cmml.sequences.split(split.data, { valid = 0 }))
    refused("there are no validation users, on whom fusion is learnt: raise valid", cmml.fit, model,
      split)
  end)

  it("refuse a stage of other data, and say what differs", function()
    local folder = temporary.folder()
    local function fit(list, options)
      options = options or { items = records }
      local split = split_of(list, options)
      cmml.fit(cmml.recommenders.mml(split.catalogue, { learners = { "fields" }, knn = false,
        fusion = "fixed", learner_options = { width = options.width or 8, heads = 1, inner = 8 },
        learner_training = { epochs = 1 } }), split, { out = folder })
    end
    fit(interactions())
    fit(interactions()) -- from the file
    refused("(options: width was 8 and is 16): give another folder, or remove it", fit,
      interactions(), { items = records, width = 16 })
    local list = interactions()
    list[3][2] = list[2][2]
    refused("(items, their features, or what was done)", fit, list)
    local others = { table.unpack(records) }
    others[1] = { id = "i0", side = "right" }
    refused("(items, their features, or what was done)", fit, interactions(), { items = others })
    list = interactions()
    list[3], list[4] = list[4], list[3] -- another order of the same
    refused("(items, their features, or what was done)", fit, list)
    temporary.remove(folder)
  end)
end)
