-- Registries: things by name.
local refused = require("spec.support.refused").with_text
local registry = require "cmml.base.registry"

describe("a registry", function()
  local function filled()
    local list = registry.new("fruit", "plant")
    list:add("pear", 1)
    list:add("apple", 2, { "pomme", "Apfel" })
    return list
  end

  it("gives entries by name, also by former names where files have them", function()
    local list = filled()
    assert.equal(2, list:get "apple")
    assert.is_nil(list:get "pomme")
    assert.equal(2, list:of_file "apple")
    assert.equal(2, list:of_file "pomme")
    assert.equal(2, list:of_file "Apfel")
    assert.is_nil(list:of_file "kiwi")
    assert.is_nil(list:get(nil))
  end)

  it("keeps the order in which they were added, and sorts names", function()
    local list, seen = filled(), {}
    for name, entry in list:each() do
      seen[#seen + 1] = name .. entry
    end
    assert.same({ "pear1", "apple2" }, seen)
    assert.same({ "apple", "pear" }, list:names())
  end)

  it("takes a name once, and only names", function()
    local list = filled()
    refused("plant: there is a fruit pear already", list.add, list, "pear", 3)
    assert.equal(1, list:get "pear")
    for _, name in ipairs { "", "1a", "a b", "a/b", 5, false } do
      refused("plant: name must be a text of letters, digits and _, not", list.add, list, name, 3)
      refused("plant: name must be", list.check_name, list, name)
    end
    refused("plant: pomme is what earlier files call the fruit apple", list.add, list, "pomme", 3)
    refused("plant kiwi: formerly: there is a fruit pear", list.add, list, "kiwi", 3, { "pear" })
    refused("plant: Apfel is what earlier files call the fruit apple", list.add, list, "kiwi", 3,
      { "Apfel" })
    refused("plant kiwi: formerly: entry 1 must be a string, not number 5", list.add, list, "kiwi",
      3, { 5 })
    assert.equal(3, list:add("plum_2-b", 3))
    assert.same({ "apple", "pear", "plum_2-b" }, list:names())
  end)

  it("names the nearest entry where there is none", function()
    local list = filled()
    assert.equal(1, list:find("eat: fruit", "pear"))
    refused("eat: fruit: there is no fruit paer; did you mean pear?", list.find, list, "eat: fruit",
      "paer")
    refused("eat: fruit: there is no fruit kiwi; known: apple, pear", list.find, list, "eat: fruit",
      "kiwi")
    refused("eat: fruit: there is no fruit nil; known: apple, pear", list.find, list, "eat: fruit")
  end)
end)
