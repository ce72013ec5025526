--- What specs of kinds that are fitted to ratings of users have in common.
local assert = require "luassert"
local people = require "spec.support.people"

local fitted_kind = {}

--- A model of a kind, fitted to the training people of a made world.
-- @tparam table library
-- @tparam table data of `people.data`
-- @tparam string kind
-- @tparam[opt] table options
-- @treturn Recommender
function fitted_kind.fitted(library, data, kind, options)
  local model = library.recommenders[kind](data.catalogue, options)
  model:fit { ratings = data.ratings, users = data.train }
  return model
end

--- Asserts that the seed alone decides a model, whatever the order of the calls.
-- @tparam table library
-- @tparam table data
-- @tparam string kind
function fitted_kind.follows_its_seed(library, data, kind)
  local function bits(seed)
    return people.bits(fitted_kind.fitted(library, data, kind, { seed = seed, sweeps = 2 }))
  end
  local one = bits(1)
  assert.not_equal(one, bits(2))
  assert.equal(one, bits(1))
end

--- Asserts that a model predicts 0 before it is fitted, and where it is fitted to nothing.
-- @tparam table library
-- @tparam table data
-- @tparam string kind
function fitted_kind.knows_nothing(library, data, kind)
  local model = library.recommenders[kind](data.catalogue)
  assert.same({ 0, 0 }, model:adapt({}):predict { "f1", "f2" })
  model:fit { ratings = data.ratings, users = {} }
  assert.same({ 0 }, model:adapt({}):predict { "f1" })
end

--- Asserts that a model finds what item mean and user bias cannot: people who love one kind of film
-- and hate the other.
-- @tparam table library
-- @tparam table data
-- @tparam Recommender model fitted to them
-- @tparam number most times the means' error that its own may be
function fitted_kind.finds_tastes(library, data, model, most)
  local means = fitted_kind.fitted(library, data, "item_user_mean")
  local found = library.evaluate({ model, means }, library.users.tasks { ratings = data.all,
    users = data.test, bags = data.bags, support = 6, query = 2 })
  assert.truthy(found[1].mae.mean < most * found[2].mae.mean)
end

--- A function that saves a model with changed entries, and asserts that its file is refused.
-- @tparam table library
-- @tparam Recommender model
-- @tparam string path of a file to be written
-- @treturn function of (text of the message, function that changes a list of entries or gives
-- another one)
function fitted_kind.refused_file(library, model, path)
  return function(text, change)
    local stand_in = setmetatable({ tensors = function()
      local entries = { table.unpack(model:tensors()) }
      return change(entries) or entries
    end }, { __index = model })
    assert(library.save(stand_in, path))
    local found, message = library.load(path)
    assert.is_nil(found)
    assert.truthy(message:find(text, 1, true), message)
  end
end

return fitted_kind
