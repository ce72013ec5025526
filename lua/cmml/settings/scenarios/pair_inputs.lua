--- What a recommender of the scenario setting may know of a (user, item) pair beside the vectors.
--
-- An input is a table by name in `cmml.scenarios.pair_inputs`: either `items`, a function of a
-- catalogue that gives numbers of items [items, width], or `rows`, a function of (catalogue,
-- users, items) that gives numbers of pairs [rows, width]; and width. A recommender can read it as
-- further columns of its rows (option `inputs`), or add it to its scores with a learnt weight
-- (option `terms`).
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local core = cmml.core

  -- What a catalogue knows of its items or users.
  local function of_catalogue(input, catalogue, side, what)
    local known = type(catalogue) == "table" and catalogue[side]
    return type(known) == "table" and known[what]
      or raise(("pair_inputs.%s: a catalogue with %s of %s was expected, not %s"):format(input,
        what, side, args.describe(catalogue)), 4)
  end

  --- Inputs by name: `cf_score`, the product of both vectors over the root of their width, which is
  -- of the size of 1 for vectors of unit size; `popularity`, the logarithm of 1 + how many users
  -- are known to have taken the item, less its mean, over its standard deviation.
  cmml.scenarios.pair_inputs = {}

  cmml.scenarios.pair_inputs.cf_score = { width = 1, rows = function(catalogue, users, items)
    local of_items = of_catalogue("cf_score", catalogue, "items", "vectors").cf
    local of_users = of_catalogue("cf_score", catalogue, "users", "vectors").cf
    local product = args.call(function()
      return core.row_dot(of_users:gather_rows(users), of_items:gather_rows(items))
    end)
    return (product * (1 / math.sqrt(of_items.shape[2]))):reshape { -1, 1 }
  end }

  cmml.scenarios.pair_inputs.popularity = { width = 1, items = function(catalogue)
    local logs = core.log(of_catalogue("popularity", catalogue, "items", "counts") + 1)
    local centred = logs - logs:mean()
    local deviation = math.sqrt(centred:square():mean():item())
    return (centred * (deviation > 0 and 1 / deviation or 0)):reshape { -1, 1 }
  end }

  -- The inputs of these names.
  local function look_up(what, names)
    args.texts(what, names, 4)
    local list = {}
    for i, name in ipairs(names) do
      list[i] = cmml.scenarios.pair_inputs[name]
        or raise(("%s: there is no input %s; %s"):format(what, args.shown(name),
          args.suggest(name, args.keys(cmml.scenarios.pair_inputs))), 2)
    end
    return list
  end

  local function joined(list)
    return #list == 1 and list[1] or core.concat(list)
  end

  -- A function of (users, items) giving what the readers do, side by side.
  local function together(readers, catalogue)
    return #readers > 0 and function(users, items)
      local parts = {}
      for i, reader in ipairs(readers) do
        parts[i] = reader(catalogue, users, items)
      end
      return joined(parts)
    end or nil
  end

  --- Reads inputs of a catalogue.
  -- @tparam string what function and option, for messages
  -- @tparam Catalogue catalogue
  -- @tparam table names list of names in `pair_inputs`
  -- @treturn integer width of all together
  -- @treturn ?Tensor those of items side by side [items, ..]; nil: there are none
  -- @treturn ?function of (users, items) giving those of pairs [rows, ..]; nil: there are none
  function cmml.scenarios.read_pair_inputs(what, catalogue, names)
    args.expect("scenarios.read_pair_inputs: what", what, "string")
    local columns, readers, width = {}, {}, 0
    for _, input in ipairs(look_up(what, names)) do
      width = width + input.width
      if input.items then
        columns[#columns + 1] = input.items(catalogue)
      else
        readers[#readers + 1] = input.rows
      end
    end
    return width, #columns > 0 and joined(columns) or nil, together(readers, catalogue)
  end

  --- Reads inputs of a catalogue in the order of their names, all of them pair by pair.
  -- @tparam string what function and option, for messages
  -- @tparam Catalogue catalogue
  -- @tparam table names list of names in `pair_inputs`
  -- @treturn integer width of all together
  -- @treturn ?function of (users, items) giving them [rows, width]; nil: there are none
  function cmml.scenarios.read_pair_terms(what, catalogue, names)
    local readers, width = {}, 0
    for i, input in ipairs(look_up(what, names)) do
      local columns = input.items and input.items(catalogue)
      width = width + input.width
      readers[i] = input.rows or function(_, _, items)
        return columns:gather_rows(items)
      end
    end
    return width, together(readers, catalogue)
  end
end
