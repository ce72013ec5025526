-- Lists in two stages: candidates by estimates of their scores, of which alone the best are found.
local cmml = require "cmml"
local archive = require "spec.fuzz.models.archive"
local fitted = require("spec.support.fitted_kind").fitted
local graph_files = require "spec.support.graph_files"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"

local data = people.data(cmml, { users = 60, items = 300, rated = 20 })
local model = cmml.cmml(data.catalogue, people.small(1))
cmml.train(model, data, { epochs = 3, support = 8, query = 6, batch = 16 })
local frozen = cmml.freeze(model, { retrieval = true })

local function open(limits)
  return assert(cmml.predictor(frozen, limits))
end

-- A person who observed so many items, from one on.
local function person_of(predictor, first, n)
  local person = predictor:context()
  for i = 0, n - 1 do
    person:observe(predictor:id(first + i), 1 + (first * i) % 5)
  end
  return person
end

local function rows_of(person, n, candidates, exclude, choice)
  local rows, scores = {}, {}
  local found = person:recommend_rows(n, rows, scores, exclude, choice, candidates)
  assert.equal(found, #rows)
  return rows, scores
end

describe("candidates", function()
  local predictor = open { candidates = 300, list = 20 }

  it("are told of by who froze the model, and by its predictors", function()
    assert.same({ 32, 300 }, { frozen.retrieval.people, frozen.retrieval.candidates })
    assert.equal(32, frozen.retrieval.same) -- all of 300 are candidates
    assert.is_true(predictor.retrieves)
    assert.is_false(cmml.predictor(cmml.freeze(model)).retrieves)
    assert.is_nil(cmml.freeze(model).retrieval)
  end)

  it("have among them the ten best of all, for nearly everybody", function()
    local same = 0
    for i = 1, 50 do
      local person = person_of(predictor, 2 * i, 1 + i % 12)
      local all, few = rows_of(person, 10), rows_of(person, 10, 60)
      same = same + (table.concat(all, " ") == table.concat(few, " ") and 1 or 0)
    end
    assert.is_true(same >= 48, same)
  end)

  it("that are all items make the list of all", function()
    local person = person_of(predictor, 7, 5)
    local all, scores = rows_of(person, 20)
    local rows, others = rows_of(person, 20, 300)
    assert.same(all, rows)
    assert.same(scores, others)
    assert.same(person:recommend { n = 5 }, person:recommend { n = 5, candidates = 300 })
  end)

  it("have the scores that they have anyway, and nothing that is not to be listed", function()
    local person = person_of(predictor, 3, 9)
    local out = rows_of(person, 4)
    local rows, scores = rows_of(person, 10, 12, out)
    assert.equal(10, #rows)
    local expected = person:score_rows(rows, {})
    for i, row in ipairs(rows) do
      assert.near(expected[i], scores[i], 1e-5)
      assert.is_true(row < 3 or row > 11, row)
      for _, other in ipairs(out) do
        assert.not_equal(other, row)
      end
    end
    local choice = predictor:choice { predictor:id(5), predictor:id(200), predictor:id(17) }
    local chosen = rows_of(person, 10, 12, nil, choice)
    table.sort(chosen)
    assert.same({ 17, 200 }, chosen)
  end)

  it("are chosen in pieces as at once", function()
    local small = open { block = 16, candidates = 40 }
    local person = person_of(small, 11, 6)
    local all, scores = rows_of(person, 8, 40)
    local rows, others, calls, n = {}, {}, 0
    repeat
      n, calls = person:recommend_some(0, 8, rows, others, nil, nil, 40), calls + 1
      assert.equal(n ~= nil, #rows > 0)
    until n
    assert.same(all, rows)
    assert.same(scores, others)
    assert.is_true(calls > 3, calls)
    -- a click on the way, or another number of candidates, begins anew
    assert.is_nil(person:recommend_some(0, 8, {}, {}, nil, nil, 40))
    person:observe(small:id(290), 5)
    repeat
      n = person:recommend_some(0, 8, rows, others, nil, nil, 30)
    until n
    assert.same(rows, (rows_of(person, 8, 30)))
  end)

  it("are refused where there are too few, too many, or nothing that chooses them", function()
    local person = person_of(predictor, 1, 2)
    refused("5 candidates for a list of 10: there must be as many at least", rows_of, person, 10, 5)
    refused("at most the limit candidates = 300", rows_of, person, 10, 301)
    refused("-1 candidates for a list", rows_of, person, 10, -1)
    refused("candidates must be at least 0", person.recommend, person, { candidates = -1 })
    refused("this model cannot choose candidates",
      rows_of, cmml.predictor(cmml.freeze(model)):context(), 10, 50)
    refused("candidates must be from 1 to 1048576, but is 0", open, { candidates = 0 })
    assert.equal(10, #rows_of(person, 10, 50))
  end)

  it("are of no use to what scores all items at once", function()
    local ease = cmml.freeze(fitted(cmml, data, "ease"), { retrieval = true })
    assert.is_nil(ease.retrieval)
    refused("this model cannot choose candidates",
      rows_of, cmml.predictor(ease):context(), 10, 50)
  end)
end)

describe("candidates of small catalogues", function()
  for items = 1, 4 do
    it(("of %d"):format(items), function()
      local few = people.data(cmml, { users = 20, items = items, rated = items })
      local small = cmml.freeze(cmml.cmml(few.catalogue, people.small(1)), { retrieval = true })
      assert.equal(items > 1, small.retrieval ~= nil)
      local predictor = assert(cmml.predictor(small))
      local all = predictor:context():recommend { n = 4 }
      if predictor.retrieves then
        assert.same(all, predictor:context():recommend { n = items, candidates = items })
      end
      assert.equal(items, #all)
    end)
  end
end)

describe("a graph whose choice of candidates is wrong", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local function refuses(text, change)
    local path = folder .. "/model.safetensors"
    assert(frozen:save(path))
    local parsed, graph = graph_files.parse(assert(cmml.core.read_file(path)))
    change(graph.parts[1].retrieval, graph)
    assert(cmml.core.write_file(path, archive.bytes(graph_files.with(parsed, graph))))
    local predictor, message = cmml.predictor(path)
    assert.is_nil(predictor)
    assert.matches(text, message, 1, true)
  end

  it("gives no list where its numbers are not finite", function()
    local path = folder .. "/model.safetensors"
    assert(frozen:save(path))
    for _, name in ipairs { "solve", "vectors" } do
      local bytes = assert(cmml.core.read_file(path))
      local parsed, graph = graph_files.parse(bytes)
      local array = graph.constants[graph.parts[1].retrieval[name] + 1][1]
      for _, entry in ipairs(parsed.entries) do
        if entry.name == array then
          entry.data = ("\0\0\192\127"):rep(#entry.data // 4) -- NaN
        end
      end
      assert(cmml.core.write_file(path, archive.bytes(graph_files.with(parsed, graph))))
      local predictor <close> = assert(cmml.predictor(path))
      local person = person_of(predictor, 3, 4)
      refused("scores are not finite numbers", rows_of, person, 10, 50)
      assert.equal(10, #rows_of(person, 10))
      assert(frozen:save(path))
    end
  end)

  it("has room in a part that makes no lists, too", function()
    local path = folder .. "/model.safetensors"
    assert(frozen:save(path))
    local parsed, graph = graph_files.parse(assert(cmml.core.read_file(path)))
    local second = {}
    for key, value in pairs(graph.parts[1]) do
      second[key] = key ~= "retrieval" and value or nil
    end
    graph.parts[2] = second
    assert(cmml.core.write_file(path, archive.bytes(graph_files.with(parsed, graph))))
    local predictor <close> = assert(cmml.predictor(path))
    local person = person_of(predictor, 3, 4)
    assert.is_false(predictor.retrieves)
    refused("this model cannot choose candidates", rows_of, person, 10, 200)
    local all, few = {}, {}
    person.own:recommend(1, 10, all, {})
    assert.equal(10, person.own:recommend(1, 10, few, {}, nil, nil, false, nil, 300))
    assert.same(all, few)
  end)

  it("is refused", function()
    refuses("retrieval must name three constants", function(retrieval)
      retrieval.probes = nil
    end)
    refuses("retrieval must name three constants", function(retrieval)
      retrieval.solve = 100000
    end)
    refuses("retrieval must name three constants", function(retrieval)
      retrieval.vectors = retrieval.probes
    end)
    refuses("what chooses candidates does not fit the items", function(retrieval)
      retrieval.vectors = retrieval.solve
    end)
    refuses("what scores for several people must read their states alone", function(_, graph)
      graph.parts[1].joint = true
    end)
    refuses("what chooses candidates does not fit the items", function(retrieval)
      retrieval.solve = retrieval.vectors
    end)
  end)
end)
