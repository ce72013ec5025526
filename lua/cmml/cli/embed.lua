--- `cmml embed`: vectors of users and items by collaborative filtering.
--
-- @module cmml
local args = require "cmml.base.args"
local file_options = require "cmml.data.file_options"
local options = require "cmml.base.options"
local output = require "cmml.base.output"
local plain = require "cmml.base.plain"
local progress = require "cmml.base.progress"
local shared = require "cmml.cli.shared_options"

return function(cmml, use)
  local methods = use "vectors.als_bpr" -- options by method
  use "cli.command"
  local read_ratings = use "data.ratings_file"
  local tell = use "cli.tell"
  local core = cmml.core
  local names = args.keys(methods)

  local declared = options.declare("cmml embed: of its own", {
    options.changed(file_options.of_ratings[1], { required = true, instead = "data",
      short = false, help = "file of interactions, weights or ratings, which are weights here" }),
    { name = "data", kind = "string", arg = "FILE", group = "data",
      help = "the same as ratings: its earlier name" },
    { name = "out", kind = "string", arg = "FILE", required = true, group = "data",
      help = "where the vectors and the raw ids go, as .safetensors" },
    { name = "min_weight", kind = "number", group = "data",
      help = "leave out lines that weigh less, such as low ratings" },
    { name = "binary", kind = "boolean", default = false, group = "data",
      help = "every pair of user and item weighs 1, however often it is there" },
    { name = "method", kind = "string", choices = names, default = "als", group = "vectors",
      help = "als: implicit alternating least squares; bpr: Bayesian personalised ranking" },
    shared.quiet, table.unpack(file_options.of_ratings, 2),
  })

  -- What a method takes that is not read from the file.
  local function own_options(method)
    local list = {}
    for option in methods[method]:each() do
      if not option.required and option.name ~= "n_users" then
        list[#list + 1] = options.changed(option, { group = "vectors" })
      end
    end
    return list
  end

  -- The method that the words of a command line name.
  local function method_of(words)
    local method = "als"
    for i, word in ipairs(words) do
      method = word == "--method" and words[i + 1] or word:match "^%-%-method=(.*)$" or method
    end
    return methods[method] and method or "als"
  end

  -- The options of the method, and behind them what others have alone: to be refused.
  local function known(words)
    local own = method_of(words)
    local list, seen = {}, {}
    for option in declared:each() do
      list[#list + 1], seen[option.name] = option, true
    end
    local shown
    for _, method in ipairs { own, table.unpack(names) } do
      for _, option in ipairs(own_options(method)) do
        if not seen[option.name] then
          list[#list + 1], seen[option.name] = option, true
        end
      end
      shown = shown or options.of("cmml embed: " .. own, table.move(list, 1, #list, 1, {}))
    end
    return options.of("cmml embed: of all methods", list), { shown }
  end

  -- The weights of the lines, 0 for those that are left out.
  local function weights_of(weights, values)
    if values.min_weight then
      if not weights then
        return nil, "--min-weight: the lines have no weight (--columns)"
      end
      local heavy = core.ge(weights, values.min_weight)
      if core.sum(heavy):item() == 0 then
        return nil, plain.format("--min-weight: no interaction weighs %g or more",
          values.min_weight)
      end
      weights = weights * heavy
    end
    return weights
  end

  -- Interactions that all weigh 1, each place once.
  local function binary(ratings, n_users, n_items)
    local once = core.sparse(ratings.users, ratings.items, ratings.ratings, n_users, n_items)
    return { users = once.rows, items = once.columns }
  end

  -- Refuses what another method has alone.
  local function check_method(values)
    local method = values.method
    for _, other in ipairs(names) do
      for _, option in ipairs(own_options(other)) do
        local name = option.name
        if rawget(values, name) ~= nil and not methods[method]:find(name) then
          return nil, ("--%s is an option of --method %s alone"):format(name:gsub("_", "-"), other)
        end
      end
    end
    return true
  end

  local function run(values)
    local ok, message = check_method(values)
    if not ok then
      return nil, message
    end
    local folder = values.out:match "^(.+)/" -- found out now, not when the work is done
    if folder and not core.exists(folder) then
      return nil, ("--out: there is no folder %s"):format(folder)
    end
    if values.ratings and values.data then
      return nil, "--data is the earlier name of --ratings: give one of them"
    end
    local data
    data, message = read_ratings(values.ratings or values.data, values)
    if not data then
      return nil, message
    elseif not values.quiet then
      tell { notes = { data.note } }
    end
    local weights
    weights, message = weights_of(data.values, values)
    if message then
      return nil, message
    end
    local n_users, n_items = #data.users, #data.items
    local ratings = { users = data.user_ids, items = data.item_ids, ratings = weights }
    if values.binary then
      ratings = binary(ratings, n_users, n_items)
    end
    local opt = { ratings = ratings, n_users = n_users, n_items = n_items,
      on_iteration = not values.quiet and progress.iterations(core) or nil }
    for _, option in ipairs(own_options(values.method)) do
      if opt[option.name] == nil then
        opt[option.name] = rawget(values, option.name)
      end
    end
    local vectors = cmml.vectors[values.method](opt)
    ok, message = vectors:save(values.out, { users = data.users, items = data.items })
    if not ok then
      return nil, message
    end
    output.print(("%d interactions; %d users and %d items, %d factors\nsaved %s"):format(
      vectors.options.interactions, n_users, n_items, vectors.items.shape[2], values.out))
    return true
  end

  cmml.command {
    name = "embed", summary = "make vectors of users and items by collaborative filtering",
    usage = "cmml embed --ratings FILE --out FILE [OPTIONS]", options = known, run = run,
    -- What the other methods take besides.
    lists = function(words)
      local own, lists = method_of(words), {}
      for _, method in ipairs(names) do
        local more = {}
        for _, option in ipairs(own_options(method)) do
          more[#more + 1] = not methods[own]:find(option.name)
            and "--" .. option.name:gsub("_", "-") or nil
        end
        lists[#lists + 1] = #more > 0 and { ("with --method %s, also"):format(method), more } or nil
      end
      return lists
    end,
    examples = { "cmml embed --ratings plays.csv --out plays.safetensors --method bpr" },
  }
end
