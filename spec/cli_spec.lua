-- The command line: train, evaluate, recommend, info on a small folder; exit codes and messages.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local people = require "spec.support.people"
local plain = require "cmml.base.plain"
local result_tables = require "spec.support.result_tables"
local temporary = require "spec.support.temporary"
local core = cmml.core

-- Runs a command that must do its work without a complaint, and gives its output.
local function runs(...)
  local output, said, code = cli(...)
  assert.equal(0, code, output .. said)
  return output, said
end

-- Runs a command that must fail with an exit code and a message, and print nothing.
local function fails(code, text, ...)
  local output, said, found = cli(...)
  assert.equal(code, found, output .. said)
  assert.equal("", output)
  assert.equal("cmml: ", said:sub(1, 6))
  assert.truthy(said:find(text, 1, true), said)
  assert.falsy(said:find("traceback", 1, true), said)
  assert.falsy(said:find("attempt to", 1, true), said)
end

local function contains(text, part)
  assert.truthy(text:find(part, 1, true), text)
end

describe("cmml", function()
  local root, data, extra, out, model

  setup(function()
    root = temporary.folder()
    data, extra, out = root .. "/data", root .. "/extra", root .. "/out"
    model = out .. "/best.safetensors"
    for _, folder in ipairs { data, extra } do
      assert(core.mkdir(folder))
      people.write(core, folder, { users = 40, items = 16, rated = 8, extra = folder == extra })
    end
    assert(core.write_file(extra .. "/test_users.txt", "1\n2\n3\n4\n5\n"))
    runs("train", "--data", data, "--out", out, "--preset=published-code", "--epochs=2", "--batch",
      "8", "--quiet")
  end)

  teardown(function()
    temporary.remove(root)
  end)

  it("explains itself within 80 columns", function()
    for _, words in ipairs { { "-h" }, { "--help" }, { "help" }, { "train", "--help" },
      { "evaluate", "--help" }, { "recommend", "--help" }, { "info", "--help" },
      { "fetch", "-h" }, { "embed", "--help" }, { "train", "--data", "x", "--help" } } do
      local text, said = runs(table.unpack(words))
      assert.equal("", said)
      contains(text, "usage: cmml")
      for line in text:gmatch("[^\n]+") do
        assert.truthy(utf8.len(line) <= 80, line)
      end
    end
    contains(runs "--version", cmml._VERSION)
    local text, said, code = cli()
    assert.equal(2, code)
    contains(text .. said, "usage: cmml COMMAND")
  end)

  it("ends with 2 when the command line is wrong, and says what is meant", function()
    fails(2, "unknown command trian; did you mean train?", "trian")
    fails(2, "unknown option --dat; did you mean --data?", "train", "--dat", "x")
    fails(2, "--data DIR is missing (or --ratings FILE) (cmml train --help)", "train", "--out", "x")
    fails(2, "--epochs must be a whole number, not \"many\"", "train", "--epochs", "many")
    fails(2, "--lr must be a number", "train", "--lr=fast")
    fails(2, "--lr must be above 0, but is -1", "train", "--lr=-1")
    fails(2, '--quiet must be true or false, not "yes"', "train", "--quiet=yes")
    fails(2, '--optimizer "adm" is not known; did you mean adam?', "train", "--optimizer=adm")
    fails(2, '--encoder "maen" is not known; did you mean mean?', "train", "--encoder=maen")
    fails(2, '--setting "user" is not known; did you mean users?', "train", "--setting=user")
    fails(2, "--model FILES is missing", "evaluate", "--data", data)
    fails(2, '--baselines entry 1 "item_men" is not known; did you mean item_mean?', "evaluate",
      "--baselines=item_men")
    fails(2, "--model is empty", "evaluate", "--data", data, "--model", ",")
    fails(2, "--valid must be at least 0 and below 1, but is 2", "train", "--valid", "2")
    fails(2, "--modules needs a value", "train", "--modules")
    fails(2, "--modules is there twice", "--modules=a", "train", "--modules=b")
    fails(2, "unknown command trian; did you mean train?", "help", "trian")
    fails(2, "--model needs a value", "info", "--model")
    fails(2, '"stray" was not expected', "info", "--model", model, "stray")
  end)

  it("ends with 1 when it cannot do what it should, and says why", function()
    fails(1, "there is no folder " .. root .. "/none", "train", "--data", root .. "/none", "--out",
      out, "--setting=users") -- spec/cli_scenarios_spec.lua has it without
    fails(1, "there is no kind of recommender cmlm; did you mean cmml?", "train", "--data", data,
      "--out", out, "--model", "cmlm")
    fails(1, "there is no preset x", "train", "--data", data, "--out", out, "--preset", "x")
    fails(1, "cannot make folder " .. model, "train", "--data", data, "--out", model, "--quiet")
    fails(1, "cannot open " .. root .. "/none", "info", "--model", root .. "/none")
    fails(1, "is not a safetensors file", "info", "--model", data .. "/ratings.dat")
    fails(1, "cannot open " .. root .. "/none", "evaluate", "--data", data, "--model",
      model .. "," .. root .. "/none")
    fails(1, "there is no metric maee; did you mean mae?", "evaluate", "--data", data, "--model",
      model, "--metrics=maee")
    fails(1, "there is no protocol capd for ratings of users; did you mean capped?", "train",
      "--data", data, "--out", root .. "/never", "--protocol=capd")
    fails(1, "kindd", "train", "--data", data, "--out", root .. "/never", "--item-fields=kindd",
      "--quiet")
  end)

  it("trains: tells what on, shows plain lines of progress, leaves the files", function()
    local text, said = runs("train", "--data=" .. data, "--out=" .. root .. "/a", "--epochs=2",
      "--batch=8", "--seed=3", "--valid=0.25")
    contains(text, "320 ratings, 40 users, 16 items]\n24 users to train, 8 to validate, 8 to test; "
      .. "protocol full")
    contains(text, "validation mae ")
    assert.matches("^epoch 1/2  loss %d+%.%d+  valid mae [^\n]+\nepoch 2/2 [^\n]+\n"
      .. "epoch 1/2  loss %d+%.%d+  valid normalized_recall@20 [^\n]+\nepoch 2/2 [^\n]+\n$", said)
    for _, name in ipairs { "best.safetensors", "last.safetensors", "log.csv" } do
      assert.is_true(core.exists(root .. "/a/" .. name))
      assert.is_true(core.exists(root .. "/a/lists/" .. name))
    end
  end)

  it("resumes to the same model as without an interruption", function()
    local function train(where, epochs, ...)
      runs("train", "--data", data, "--out", root .. where, "--preset=published-code", "--quiet",
        "--batch=8", "--patience=0", "--epochs", epochs, ...)
      return core.read_file(root .. where .. "/best.safetensors")
    end
    local whole = train("/whole", "4")
    train("/parts", "2")
    assert.equal(whole, train("/parts", "4", "--resume"))
    assert.not_equal(whole, train("/other", "4", "--optimizer=sgd", "--momentum=0.5", "--lr=0.001",
      "--clip-norm=1", "--schedule=cosine", "--warmup=2"))
    fails(2, 'optimizer "rmsprop" is not known', "train", "--data", data, "--out",
      root .. "/nothing", "--quiet", "--optimizer=rmsprop")
    local again = { "train", "--data", data, "--out", root .. "/parts", "--preset=published-code",
      "--resume", "--quiet", "--batch=8" }
    local function resume(word)
      again[10] = word
      return table.unpack(again)
    end
    fails(1, "cannot resume: --lr was 0.0003, now it is 0.1", resume "--lr=0.1")
    fails(1, "cannot resume: --protocol was full, now it is capped", resume "--protocol=capped")
    fails(1, "cannot resume: ", "train", "--data", data, "--out", root .. "/nothing", "--resume",
      "--quiet")
  end)

  it("says that a loss diverged, and ends with 1", function()
    fails(1, "lower the learning rate (now 1e+06); nothing was saved", "train", "--data", data,
      "--preset=published-code", "--out", root .. "/wild", "--lr=1e6", "--batch=8", "--quiet")
    assert.is_false(core.exists(root .. "/wild/best.safetensors"))
  end)

  it("claims no model that it did not save", function()
    fails(1, "no epoch was run (--epochs 0): nothing was saved", "train", "--data", data, "--out",
      root .. "/none", "--epochs=0", "--quiet")
    assert.is_false(core.exists(root .. "/none/best.safetensors"))
  end)

  it("evaluates models beside the simple predictors, on people never seen", function()
    local text = runs("evaluate", "--model", model .. "," .. model, "--data", data, "--draws", "2",
      "--support", "4", "--query=2")
    contains(text, "8 test users, support up to 4, 2 query ratings, mean of 2 draws")
    local rows = {}
    for title in text:match "^(.-)\n| metric":gmatch("\n| ([^|]-) +|") do
      rows[#rows + 1] = title
    end
    local expected = { "model", model, model, "global mean", "user mean", "item mean",
      "item mean + user bias", "matrix factorisation", "item-kNN", "user-kNN",
      "factor analysis" }
    assert.equal(0, #rows % #expected)
    for i, title in ipairs(rows) do -- a table for as many metrics as fit into 80 columns
      assert.equal(expected[(i - 1) % #expected + 1], title)
    end
    local mixed = runs("evaluate", "--model", model, "--data", data, "--draws=1",
      "--shuffle-labels", "--baselines=matrix_factorization,item_knn")
    contains(mixed, "labels permuted within each support set")
    contains(mixed, "matrix factorisation")
    assert.falsy(mixed:find("item mean", 1, true))
    assert.falsy(text:find("relevant", 1, true))
    local ranked = runs("evaluate", "--model", model, "--data", data, "--draws=1", "--relevant=4")
    contains(ranked, "\nrelevant: rated 4 or higher; a user needs such a rating in every draw")
    local function metrics_of(output)
      local names = {}
      for _, row in ipairs(result_tables.read(output)) do
        names[#names + 1] = row[1] == "item-kNN" and row[2] or nil
      end
      return table.concat(names, " ")
    end
    assert.equal("mae rmse ndcg_exp@1 ndcg_exp@3 ndcg@1 ndcg@3 recall@3 reciprocal_rank auc",
      metrics_of(ranked))
    assert.equal("ndcg_exp@2 ndcg_exp@5 mae", metrics_of(runs("evaluate", "--model", model,
      "--data", data, "--draws=1", "--metrics=ndcg_exp,mae", "--cutoffs=2,5")))
    assert.equal("mae rmse ndcg_exp@4 ndcg@4 recall@4 reciprocal_rank auc", metrics_of(runs(
      "evaluate", "--model", model, "--data", data, "--draws=1", "--relevant=4", "--cutoffs=4")))
    fails(1, "evaluate: ndcg needs the option relevant", "evaluate", "--model", model, "--data",
      data, "--metrics=ndcg", "--quiet")
  end)

  it("takes the test users of the folder's list, or of another", function()
    contains(runs("train", "--data", extra, "--out", root .. "/b", "--model", "item_user_mean"),
      "5 to test")
    local simple = root .. "/b/best.safetensors"
    contains(runs("evaluate", "--data", extra, "--model", simple, "--draws=1"), "5 test users")
    local listed = {}
    for user in assert(core.read_file(extra .. "/test_users.txt")):gmatch "%d+" do
      listed[#listed + 1] = user
    end
    assert(core.write_file(root .. "/two", listed[1] .. "\n\n" .. listed[2] .. "\n"))
    contains(runs("evaluate", "--data", extra, "--model", simple, "--draws=1", "--test-users",
      root .. "/two"), "2 test users")
    assert(core.write_file(root .. "/two", listed[1] .. "\n7\n"))
    fails(1, "was trained on user 7, who is to be tested on", "evaluate", "--data", extra,
      "--model", simple, "--test-users", root .. "/two")
    assert(core.write_file(root .. "/two", "7\n\nx9\n"))
    fails(1, root .. "/two, line 3: there is no user x9", "evaluate", "--data", extra, "--model",
      simple, "--test-users", root .. "/two")
    assert(core.write_file(root .. "/two", "\n"))
    fails(1, "there are no users", "evaluate", "--data", extra, "--model", simple, "--test-users",
      root .. "/two")
  end)

  it("recommends what the library recommends, what is known of the person included", function()
    assert(core.write_file(root .. "/support", "1,5\n2,1.5\n"))
    local expected = assert(cmml.load(model)):adapt({ { "1", 5 }, { "2", 1.5 },
      user = { gender = "F" } }):recommend { n = 3, exclude = { "5" } }
    for _, words in ipairs { { "--rate=1=5,2=1.5" }, { "--support", root .. "/support" },
      { "--support", root .. "/support", "--rate", "2=1.5" } } do
      local text = runs("recommend", "--model", model, "--user=gender=F", "--n=3", "--exclude=5",
        table.unpack(words))
      local i = 0
      local line = "%s*(%d+)%s+(%-?[%d.]+)%s+(%S+)%s+([^\n]+)\n?"
      for place, score, item, title in text:gmatch(line) do
        i = i + 1
        assert.equal(tostring(i), place)
        local stars = math.max(1, math.min(5, expected[i].score)) -- shown within the scale
        assert.equal(plain.format("%.2f", stars), score)
        assert.equal(expected[i].item, item)
        assert.equal(expected[i].title, title)
      end
      assert.equal(3, i)
    end
    runs("recommend", "--model", model)
  end)

  it("refuses or reports what it does not know of a person", function()
    fails(1, "16 items; --unknown skip leaves", "recommend", "--model", model,
      "--rate=99=5")
    local text, said = runs("recommend", "--model", model, "--rate=99=5,1=5", "--unknown=skip",
      "--n=1")
    contains(said, "support: left out 1 of 2, unknown to the model: 99\n")
    assert.matches("^  1 ", text)
    fails(1, "the model knows nothing of a user's sex; known: gender, age, occupation, zip",
      "recommend", "--model", model, "--user=sex=F")
    fails(1, '--rate: "7" is not of the form ITEM=RATING', "recommend", "--model", model,
      "--rate=7")
    fails(1, 'the rating of item 7 is "good"', "recommend", "--model", model, "--rate=7=good")
    fails(1, "not a finite number", "recommend", "--model", model, "--rate=7=1e999")
    assert(core.write_file(root .. "/bad", "1,5\n2,x\n"))
    fails(1, root .. '/bad, line 2, column 2 (rating): "x"', "recommend", "--model", model,
      "--support", root .. "/bad")
  end)

  it("tells what is in a model file", function()
    local text = runs("info", "--model", model)
    for _, part in ipairs { "cmml (CMML)", cmml._VERSION, "film (16)", "gender (2)", "width = 32",
      'preset = "published-code"', 'protocol = "full"' } do
      contains(text, part)
    end
    contains(text, ("parameters   %d"):format(assert(cmml.load(model)).module:count()))
    contains(runs("info", "--model", model, "--parameters"), "backbone.0.weight")
    contains(runs("info", "--model", out .. "/last.safetensors"), "cmml (CMML)")
  end)

  it("runs from its own file, also from another folder", function()
    local function shell(command)
      local pipe = assert(io.popen(command))
      local text = pipe:read "a"
      local ok, _, code = pipe:close()
      return text, ok and 0 or code
    end
    local here = shell("pwd"):gsub("\n$", "")
    local text, code = shell(("cd / && '%s/bin/cmml' info --model '%s'"):format(here, model))
    assert.equal(0, code)
    assert.equal(runs("info", "--model", model), text)
    text, code = shell(("'%s/bin/cmml' info --model '%s/none' 2>&1"):format(here, root))
    assert.equal(1, code)
    contains(text, "cmml: info: ")
    code = select(2, shell(("'%s/bin/cmml' nonsense 2>&1"):format(here)))
    assert.equal(2, code)
  end)
end)
