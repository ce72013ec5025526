-- What a model file keeps of a catalogue, in either setting: the entries of format 1, so that files
-- of an earlier version load, and are the same when they are saved again.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local core = cmml.core

local function names_of(entries)
  local names = {}
  for i, entry in ipairs(entries) do
    names[i] = entry.name:match "^catalogue%.(.+)$"
  end
  return names
end

local function bytes_of(value)
  return type(value) == "table" and table.concat(value, " ") or type(value) == "string" and value
    or value:tobytes()
end

describe("an exported catalogue", function()
  it("of users has items with fields, and the values that fields of people can have", function()
    local entries, schema = people.data(cmml, { users = 20, items = 8,
      rated = 5 }).catalogue:export()
    assert.same({ "items.bytes", "items.offsets", "values.kind.bytes", "values.kind.offsets",
      "ids.kind", "values.tags.bytes", "values.tags.offsets", "ids.tags", "lengths.tags",
      "values.age.bytes", "values.age.offsets", "titles" }, names_of(entries))
    assert.same({ setting = "users", item = { { name = "kind", multi = false },
      { name = "tags", multi = true } }, user = { { name = "age", multi = false } },
      unknown = "zero", min_count = 1, scale = { smallest = 1, largest = 5, step = 0.5 },
      relevant = 4 }, schema)
  end)

  it("has vectors of any name, and counts, also where nobody is known by id", function()
    local vocab = core.vocab()
    vocab:add "a"
    vocab:add "b"
    local catalogue = cmml.data.catalogue { schema = cmml.data.schema {}, items = vocab,
      item_records = {}, seen_items = {}, user_records = {} }
    catalogue.items.vectors.text = core.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
    catalogue.items.counts = core.tensor { 3, 0 }
    local function import(changes)
      local kept = cmml.recommenders.global_mean(catalogue):export()
      for name, value in pairs(changes or {}) do
        table.insert(kept.entries, { name = name, value = value }) -- the later one counts
      end
      return cmml.import_recommender(kept).catalogue
    end
    local read = import()
    assert.same({ { 1, 2, 3 }, { 4, 5, 6 } }, read.items.vectors.text:totable())
    assert.is_nil(read.items.vectors.cf)
    assert.same({ 3, 0 }, read.items.counts:totable())
    refused("catalogue.items.vectors.text: 1 vectors of 2 items", import, {
      ["catalogue.items.vectors.text"] = core.tensor { { 1 } } })
    refused("catalogue.items.vectors.text is missing or of a wrong type", import, {
      ["catalogue.items.vectors.text"] = core.tensor { { 1 }, { 0 / 0 } } })
    refused("catalogue.users.vectors.text: the setting has no ids of users", import, {
      ["catalogue.users.vectors.text"] = core.tensor { { 1 } } })
    refused("catalogue.counts holds negative numbers", import, {
      ["catalogue.counts"] = core.tensor { 1, -1 } })
  end)

  it("of scenarios has ids and vectors of both sides, and counts", function()
    local split = scenario_world.data(cmml):split {}
    local vectors = split:vectors { factors = 2, iterations = 1 }
    local entries, schema = split:catalogue(vectors):export()
    assert.same({ "users.bytes", "users.offsets", "users.vectors", "items.bytes", "items.offsets",
      "items.vectors", "counts" }, names_of(entries))
    assert.same({ "scenarios", "als" }, { schema.setting, schema.vectors })
    assert.same({ "users.bytes", "users.offsets", "items.bytes", "items.offsets", "counts" },
      names_of((split:catalogue():export())))
    local titled = cmml.scenarios.catalogue { vectors = vectors, users = split.data.users,
      items = split.data.items, titles = { "one" } }
    entries = titled:export()
    assert.equal("catalogue.titles", entries[#entries].name)
  end)
end)

describe("a file of format 1", function()
  local listed = dofile "spec/files_of_format_1/truth.lua"

  for name in pairs(listed) do
    it("has the same entries when it was loaded and saved: " .. name, function()
      local path = ("spec/files_of_format_1/%s.safetensors"):format(name)
      local before = assert(core.read_archive(path))
      local copy = os.tmpname()
      local model, found = assert(cmml.load(path))
      assert(cmml.save(model, copy, { notes = found.notes }))
      local after = assert(core.read_archive(copy))
      os.remove(copy)
      assert.equal(before.metadata.format_version, after.metadata.format_version)
      assert.equal(#before.tensors, #after.tensors)
      for i, entry in ipairs(before.tensors) do
        assert.equal(entry.name, after.tensors[i].name)
        assert.equal(bytes_of(entry.value), bytes_of(after.tensors[i].value), entry.name)
      end
      local was = core.json_decode(before.metadata.config)
      local is = core.json_decode(after.metadata.config)
      assert.same(was.options, is.options)
      assert.same(was.notes, is.notes)
      assert.equal(model.kind, is.kind)
      assert.equal(model.setting.name, is.schema.setting)
    end)
  end

  it("of a setting or kind that nobody declared is refused, saying so", function()
    local path = os.tmpname()
    local function loaded(change)
      local archive = assert(core.read_archive "spec/files_of_format_1/users_item_mean.safetensors")
      local config = core.json_decode(archive.metadata.config)
      change(config)
      for i, entry in ipairs(archive.tensors) do
        archive.tensors[i] = { name = entry.name, value = entry.value }
      end
      archive.metadata.config = require("cmml.base.json").encode(config)
      assert(core.write_archive(path, archive.tensors, archive.metadata))
      local model, message = cmml.load(path)
      return assert(model, message)
    end
    refused("the setting melodies is not known", loaded, function(config)
      config.schema.setting = "melodies"
    end)
    refused("no recommender of kind sasrec is known for ratings of users; if it is of your own, "
      .. "register it first (--modules)", loaded, function(config)
      config.kind = "sasrec"
    end)
    refused("no recommender of kind scenario_cmml is known for ratings of users", loaded,
      function(config)
        config.kind = "scenario_cmml" -- a former name, of the other setting
      end)
    os.remove(path)
  end)
end)
