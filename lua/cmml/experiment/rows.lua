--- Rows of experiments: what is compared.
--
-- A row is a table
--
--    row         its title in tables
--    kind        a kind of recommender of the setting, one's own too (default: the setting's)
--    preset      one of the kind's presets (default: the kind's)
--    model       options of the model over those of the preset, with any registered component
--    training    options of `train` over those of the budget (of a kind that learns by gradient)
--    optional    true: where the data refuse it, the row is left out and that is told
--
-- A list of them may stand in a Lua file of its own, which returns it, or a table {rows = list,
-- reference = the title of the row that the others are compared with (default: the first; "best":
-- in each table the row that is best by its first metric), references = titles of further ones,
-- subjects = titles of rows of which is told first where others are better, title = a heading},
-- or a function(cmml, setting, opt) that gives one of these. A kind or component that the file
-- itself registers is known in every process.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local child = require "cmml.experiment.child"
local choice = require "cmml.recommenders.choice_options"
local json = require "cmml.base.json"
local options = require "cmml.base.options"
local raise = args.error

local row_options = {
  { name = "row", kind = "string", required = true, help = "title in tables" },
  choice.kind, choice.preset,
  { name = "model", kind = "table", default = {},
    help = "options of the model, over the preset's" },
  { name = "training", kind = "table", default = {},
    help = "options of train, over those of the budget" },
  { name = "optional", kind = "boolean", default = false,
    help = "whether the row is left out, and that is told, where the data refuse it" },
}

local of_list = options.declare("rows of an experiment", {
  { name = "rows", kind = "table", required = true, help = "list of rows" },
  { name = "reference", kind = "string", default_text = "the first row",
    help = "title of the row that the others are compared with, or best: in each table the row "
      .. "that is best by its first metric" },
  { name = "references", list = "string", may_be_empty = true, default = {},
    help = "titles of further rows that the others are compared with" },
  { name = "subjects", list = "string", may_be_empty = true, default = {},
    help = "titles of rows of which is told first where others are better" },
  { name = "title", kind = "string", help = "heading of the tables" },
})

return function(cmml, use)
  local models = use "pipeline.models"
  local train_options = use "train.options"
  local rows = {}

  row_options[2] = options.changed(choice.kind, { default_text = models.default_kinds })
  local of_row = options.declare("row of an experiment", row_options)

  -- Calls a function whose errors have no position, and puts a place before them.
  local function within(where, f, ...)
    local results = table.pack(pcall(f, ...))
    if not results[1] then
      raise(("%s: %s"):format(where, tostring(results[2])), 0)
    end
    return table.unpack(results, 2, results.n)
  end

  -- Everything that a file may register.
  local function registered()
    local all = {}
    local function add(list)
      for _, entry in pairs(list) do
        all[entry] = true
      end
    end
    for _, list in ipairs { cmml.kinds.list(), cmml.loaders_of(), cmml.metrics.names(),
      cmml.settings:names(), cmml.experiments:names(), cmml.encoders, cmml.hybrids,
      cmml.modulations, cmml.presets } do
      add(list)
    end
    return all
  end

  local registering = {} -- files that register something, by path

  -- What a file of rows returns. One that registers something becomes a file that each process
  -- runs.
  local function read_file(where, path, opt)
    local before = registered()
    local given, message = child.read(path)
    if message then
      raise(("%s: %s: %s"):format(where, args.option "rows", message), 0)
    end
    for entry in pairs(registered()) do
      registering[path] = registering[path] or not before[entry]
    end
    local load = opt.load or {}
    for _, name in ipairs(load) do
      if name == path then
        return given
      end
    end
    load[#load + 1] = registering[path] and path or nil
    return given
  end

  -- Options of a model or of a training, each as its declaration takes it.
  local function take(where, known, given, is_free)
    local taken, names = {}, {}
    for declared in known:each() do
      names[#names + 1] = is_free(declared) and declared.name or nil
    end
    for _, name in ipairs(args.keys(given)) do
      local declared = known:find(name)
      if declared and not is_free(declared) and of_row:find(name) then
        raise(("%s: %s stands beside model in a row"):format(where, name), 0)
      elseif not declared or not is_free(declared) then
        raise(declared and ("%s: %s is for the experiment to choose, not for a row"):format(where,
          name) or ("%s: unknown option %s; %s"):format(where, args.shown(name),
            args.suggest(name, names)), 0)
      end
      local value, problem = known:take(name, given[name])
      if problem then
        raise(("%s: %s %s"):format(where, name, problem), 0)
      end
      taken[name] = value
    end
    return taken
  end

  local function is_of_model(declared)
    return declared.name ~= "preset" and declared.name ~= "seed"
  end

  local function is_of_training(declared)
    return declared.name ~= "seed" and (declared.decides or declared.tunable ~= false)
  end

  -- The options of a training in a setting.
  local function check_training(where, setting, given)
    local known = train_options.all()
    local taken = take(where .. ": training", known, given, is_of_training)
    for name in pairs(taken) do
      local own = known:find(name).setting
      if own and own ~= setting.name then
        raise(("%s: training: option %s applies only to %s, but here are %s"):format(where, name,
          cmml.settings:get(own).title, setting.title), 0)
      end
    end
    return taken
  end

  -- One row, checked: {row, class, preset, model, training}.
  local function read_row(where, setting, given)
    local row = within(where, of_row.check, of_row, given, 0)
    local class = models.kind(where, setting, row.kind)
    local preset, name
    if row.preset or class.default_preset then
      preset, name = models.preset(where, class, row.preset)
    end
    row.class, row.preset, row.preset_name = class, preset, name
    row.model = take(where .. ": model", class.known, row.model, is_of_model)
    row.model.preset = name
    if class.learns == "gradient" then
      row.training = check_training(where, setting, row.training)
    elseif next(row.training) ~= nil then
      raise(("%s: training: %s learns without gradient training"):format(where, class.kind), 0)
    end
    local ok, message = pcall(json.encode, { row.model, row.training })
    if not ok then
      raise(("%s: options must be plain data: %s"):format(where, message), 0)
    end
    return row
  end

  --- Rows, checked by the declarations of their kinds. Raises, with the row's title and the nearest
  -- known name, where one is wrong.
  -- @tparam string where prefix of messages
  -- @tparam string|table|function given see the head of this file
  -- @tparam Setting setting
  -- @tparam table opt of the experiment; its load gets a file of rows that registers something
  -- @treturn table rows (list of {row, class, preset, preset_name, model, training}), reference,
  -- references, subjects, title
  function rows.read(where, given, setting, opt)
    while type(given) == "string" or type(given) == "function" do
      if type(given) == "string" then
        given = read_file(where, given, opt)
      else
        given = given(cmml, setting, opt)
      end
    end
    if type(given) ~= "table" then
      raise(("%s: rows must be a list of rows, a table with rows, or a function that gives one, "
        .. "not %s"):format(where, args.describe(given)), 0)
    end
    if given.rows == nil and (#given > 0 or next(given) == nil) then
      for key in pairs(given) do
        if math.type(key) ~= "integer" then
          raise(("%s: rows: %s stands among the rows; with more than rows it is a table {rows = "
            .. "list, %s = ..}"):format(where, plain.tostring(key), plain.tostring(key)), 0)
        end
      end
      given = { rows = given }
    end
    local result = within(where, of_list.check, of_list, given, 0)
    local titles, list = {}, {}
    for i, row in ipairs(result.rows) do
      local title = type(row) == "table" and type(row.row) == "string" and row.row
      local place = ("%s: row %s"):format(where, title and args.quote(title) or i)
      if type(row) ~= "table" then
        raise(("%s: a row is a table, not %s"):format(place, args.describe(row)), 0)
      end
      if title == "" then
        raise(("%s: row %d: its title is an empty text"):format(where, i), 0)
      end
      list[i] = read_row(place, setting, row)
      for _, other in ipairs(titles) do
        if other == title then
          raise(place .. " is there twice", 0)
        end
      end
      titles[i] = title
    end
    if #list == 0 then
      raise(where .. ": rows is empty: there is nothing to compare", 0)
    end
    result.reference = result.reference or titles[1]
    local named = table.move(result.references, 1, #result.references, 2, { result.reference })
    for _, title in ipairs(table.move(result.subjects, 1, #result.subjects, #named + 1, named)) do
      local found = title == "best" and title == result.reference
      for _, other in ipairs(titles) do
        found = found or other == title
      end
      if not found then
        raise(("%s: reference: there is no row %s; %s"):format(where, title,
          args.suggest(title, titles)), 0)
      end
    end
    result.rows = list
    return result
  end

  return rows
end
