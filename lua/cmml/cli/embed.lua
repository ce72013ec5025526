--- `cmml embed`: vectors of users and items by collaborative filtering.
--
-- @module cmml.cli.embed
local args = require "cmml.base.args"
local progress = require "cmml.base.progress"

local embed = {
  summary = "make vectors of users and items by collaborative filtering",
  usage = "cmml embed --data FILE --out FILE [OPTIONS]",
  options = {
    { name = "data", kind = "string", arg = "FILE", required = true,
      help = "interactions, one a line" },
    { name = "out", kind = "string", arg = "FILE", required = true,
      help = "where the vectors and the raw ids go, as .safetensors" },
    { name = "method", kind = "string", arg = "NAME", default = "als",
      help = "als: implicit alternating least squares; bpr: Bayesian personalised ranking" },
    { name = "columns", kind = "string", arg = "LIST", default = "user,item,weight",
      help = "what the fields of a line are: user, item, weight (which may be missing: each weighs "
        .. "1) and skip, with commas" },
    { name = "delimiter", kind = "string", arg = "TEXT", default = ",",
      help = "what stands between the fields; tab for a tab" },
    { name = "header", kind = "flag", help = "the first line names the fields: pass over it" },
    { name = "min-weight", kind = "number", arg = "X",
      help = "leave out lines that weigh less, such as low ratings" },
    { name = "binary", kind = "flag", help = "every user with an item weighs 1" },
    { name = "factors", kind = "integer", arg = "N", help = "numbers of a vector [default: 64]" },
    { name = "iterations", kind = "integer", arg = "N",
      help = "over all interactions [default: 15 of als, 30 of bpr]" },
    { name = "regularization", kind = "number", arg = "X",
      help = "weight of the squares of the vectors [default: 1 of als, 0.01 of bpr]" },
    { name = "alpha", kind = "number", arg = "X",
      help = "als: an interaction of weight w counts 1 + alpha w times as much as none "
        .. "[default: 1]" },
    { name = "rate", kind = "number", arg = "X", help = "bpr: of learning [default: 0.05]" },
    { name = "seed", kind = "integer", arg = "N", default = 1,
      help = "the same seed gives the same vectors" },
    { name = "raw", kind = "flag",
      help = "vectors as they were solved; otherwise users and items are divided by one number "
        .. "each, so that the mean square of their numbers is 1" },
    { name = "quiet", kind = "flag", help = "no progress" },
  },
}

-- The columns for the reader.
local function columns_of(text)
  local columns, seen = {}, {}
  for field in (text .. ","):gmatch("([^,]*),") do
    local name = field:match "^%s*(.-)%s*$"
    if name ~= "skip" and name ~= "user" and name ~= "item" and name ~= "weight" or seen[name] then
      return nil, ("--columns: %s is %s"):format(name == "" and '""' or name,
        seen[name] and "there twice" or "none of user, item, weight, skip")
    end
    seen[name] = name ~= "skip"
    columns[#columns + 1] = name == "skip" and { kind = "skip" }
      or { name = name, kind = name == "weight" and "number" or "text" }
  end
  if not (seen.user and seen.item) then
    return nil, ("--columns: %q lacks user or item"):format(text)
  end
  return columns
end

-- The weights of the lines, 0 for those that are left out.
local function weights_of(core, weights, values)
  if values.min_weight then
    if not weights then
      return nil, "--min-weight: the lines have no weight (--columns)"
    end
    local heavy = core.ge(weights, values.min_weight)
    if core.sum(heavy):item() == 0 then
      return nil, ("--min-weight: no interaction weighs %g or more"):format(values.min_weight)
    end
    weights = weights * heavy
  end
  return weights
end

-- Interactions that all weigh 1, each place once.
local function binary(core, ratings, n_users, n_items)
  local once = core.sparse(ratings.users, ratings.items, ratings.ratings, n_users, n_items)
  return { users = once.rows, items = once.columns }
end

--- Runs the command.
-- @tparam table cmml the library
-- @tparam table values options
-- @treturn ?true
-- @treturn ?string message
function embed.run(cmml, values)
  local core = cmml.core
  if values.method ~= "als" and values.method ~= "bpr" then
    return nil, ("there is no method %s; %s"):format(values.method,
      args.suggest(values.method, { "als", "bpr" }))
  end
  for option, method in pairs { rate = "bpr", alpha = "als" } do
    if values[option] and values.method ~= method then
      return nil, ("--%s is an option of --method %s alone"):format(option, method)
    end
  end
  local folder = values.out:match "^(.+)/" -- found out now, not when the work is done
  if folder and not core.exists(folder) then
    return nil, ("--out: there is no folder %s"):format(folder)
  end
  local columns, message = columns_of(values.columns)
  if not columns then
    return nil, message
  end
  local data
  data, message = core.read_table(values.data, { columns = columns,
    delimiter = values.delimiter == "tab" and "\t" or values.delimiter,
    header = values.header and "skip" or "none" })
  if not data then
    return nil, message
  end
  local user, item, weight = data.columns.user, data.columns.item, data.columns.weight
  if #user.ids == 0 then
    return nil, ("--data: %s has no interactions"):format(values.data)
  end
  local weights
  weights, message = weights_of(core, weight and weight.values, values)
  if message then
    return nil, message
  end
  local n_users, n_items = #user.vocab, #item.vocab
  local ratings = { users = user.ids, items = item.ids, ratings = weights }
  if values.binary then
    ratings = binary(core, ratings, n_users, n_items)
  end
  local vectors = cmml.vectors[values.method] { ratings = ratings, n_users = n_users,
    n_items = n_items, factors = values.factors, iterations = values.iterations,
    alpha = values.alpha, regularization = values.regularization, rate = values.rate,
    seed = values.seed, unit_rms = not values.raw,
    on_iteration = not values.quiet and progress.iterations(core) or nil }
  local ok
  ok, message = vectors:save(values.out, { users = user.vocab, items = item.vocab })
  if not ok then
    return nil, message
  end
  print(("%d interactions; %d users and %d items, %d factors; saved %s"):format(
    vectors.options.interactions, n_users, n_items, vectors.items.shape[2], values.out))
  return true
end

return embed
