--- The options of `cmml train`: those of the data, of the training and of the kind that is chosen,
-- each as it is declared there.
--
-- Which kind that is, and in which setting, is told by a few options that are looked at before the
-- others: --data, --setting, --model, --part, and the file of --settings. Options of other kinds
-- and settings are understood as well, so that they can be refused in plain words.
--
-- Where a kind has an option of the name that an option of the training or of the data has, the
-- command line means the latter; the kind's is given in a file (--settings). `seed` is one for
-- both.
--
-- @module cmml
local args = require "cmml.base.args"
local options = require "cmml.base.options"
local plain = require "cmml.base.plain"
local raise = args.error

return function(cmml, use)
  local commands = use "cli.command"
  local join = commands.join
  local models = use "pipeline.models"
  local pipeline = use "pipeline.data"
  local training = use "train.options"
  local read_settings = use("cli.settings_file").read
  local check_options = use "cli.check_options"
  local own = {}

  -- What stands behind a name on the command line; nil if it is not there.
  local function peek(words, name)
    local found
    for i, word in ipairs(words) do
      if word == "--" .. name then
        found = words[i + 1]
      else
        found = word:match("^%-%-" .. name .. "=(.*)$") or found
      end
    end
    return found
  end

  -- The class of a kind in a setting, where none is named the default one of a part; nil if there
  -- is none.
  local function class_of(kind, setting, part)
    if kind then
      return (cmml.kinds.find(kind, setting.name))
    end
    return models.default_kind(setting, part == "lists")
  end

  -- The setting that a command line is for, nil where the data are of none, the classes of its
  -- kind: in that setting, or where it is not known in all; and the name of the kind, if it is
  -- told.
  local function choice(words)
    local data, name, ratings = peek(words, "data"), peek(words, "setting"), peek(words, "ratings")
    local ok, setting = false, nil
    if data or name or ratings then
      ok, setting = pcall(pipeline.setting_of, "train", { data = data, setting = name,
        ratings = ratings })
    end
    setting = ok and setting or nil
    local file = peek(words, "settings")
    local kind, classes = peek(words, "model") or file and (read_settings(file) or {}).kind, {}
    for own_name, own_setting in cmml.settings:each() do
      if not setting or setting.name == own_name then
        classes[#classes + 1] = class_of(kind, own_setting, peek(words, "part"))
      end
    end
    return setting, classes, kind
  end

  -- Options of data and training that the command declares itself, or that are not its own.
  local function data_sets(setting)
    local sets = { pipeline.option_sets() }
    sets[1] = sets[1]:without { "data", "quick" }
    return setting and { sets[1], setting.options } or sets
  end

  local function training_options(setting)
    local set = setting and join { training.known, setting.training_options } or training.all()
    return set:without { "out", "seed", "modules" }
  end

  -- The sets that apply to a kind beside its own.
  local function general_sets(command, setting, classes)
    local learns = #classes == 0
    for _, class in ipairs(classes) do
      learns = learns or class.learns == "gradient"
    end
    local sets = { command, table.unpack(data_sets(setting)) }
    sets[#sets + 1] = learns and training_options(setting) or nil
    return sets
  end

  --- The options of a command line: first those that apply, then those of other settings and
  -- kinds.
  -- @tparam Options command those that the command declares
  -- @tparam table words
  -- @treturn Options
  function own.parsed(command, words)
    local setting, classes = choice(words)
    local all = {}
    for _, sets in ipairs { general_sets(command, setting, classes), classes, data_sets(),
      { training_options() }, cmml.kinds.list() } do
      for _, set in ipairs(sets) do
        all[#all + 1] = set.known or set
      end
    end
    return join(all)
  end

  --- Why options of training do not apply to a kind.
  -- @tparam Recommender class of one that does not learn by gradient
  -- @treturn string
  function own.untrained(class)
    return class.declaration.stages and "learns in stages, each with the training that the preset "
      .. "of its part has" or class.fit and "is fitted without gradient training"
      or "has nothing to learn before a task"
  end

  -- What is wrong with an option that is of another kind.
  local function refusal(name, class)
    local dashed = "--" .. name:gsub("_", "-")
    if training_options():find(name) then
      return ("%s does not apply to --model %s, which %s"):format(dashed, class.kind,
        own.untrained(class))
    end
    local names = {}
    for known in class.known:each() do
      names[#names + 1] = known.line ~= false and args.option(known.name) or nil
    end
    return ("%s is no option of --model %s for %s; %s"):format(dashed, class.kind,
      class.setting.title, #names > 0 and "it has " .. table.concat(names, ", ")
      or "it has none of its own")
  end

  --- Raises where an option does not apply.
  -- @tparam Options command
  -- @tparam table values that were given
  -- @tparam Setting setting
  -- @tparam Recommender class
  function own.check(command, values, setting, class)
    local sets = general_sets(command, setting, { class })
    sets[#sets + 1] = class.known
    local mine = check_options("train", sets, { training_options(), table.unpack(data_sets()) },
      values, setting)
    for declared in own.parsed(command, {}):each() do
      if not mine:find(declared.name) and rawget(values, declared.name) ~= nil then
        raise("train: " .. refusal(declared.name, class), 0)
      end
    end
  end

  -- The classes that have the same option.
  local function sharing(declared, classes)
    local list = {}
    for _, other in ipairs(classes) do
      local twin = other.known:find(declared.name)
      list[#list + 1] = twin and options.is_same(declared, twin) and other or nil
    end
    return list
  end

  -- The titles of classes' settings, in words.
  local function titles_of(classes)
    local titles = {}
    for i, class in ipairs(classes) do
      titles[i] = class.setting.title
    end
    return table.concat(titles, " and ")
  end

  -- Declarations under another heading.
  local function moved(list, group)
    local copies = {}
    for i, declared in ipairs(list) do
      copies[i] = options.changed(declared, { group = group })
    end
    return options.of("cmml train: " .. group, copies)
  end

  --- The sets that the help shows, for the kind and setting of the words or, where they tell
  -- none, for all settings: first what is for all, then what the kind has in some of them.
  -- @tparam Options command
  -- @tparam table words
  -- @treturn {Options,...}
  function own.shown(command, words)
    local setting, classes = choice(words)
    local first, shared = join(general_sets(command, setting, classes)), {}
    local apart, by_title, order = {}, {}, {}
    for _, class in ipairs(classes) do
      for declared in class.known:each() do
        local having = not first:find(declared.name) and sharing(declared, classes) or {}
        local title = titles_of(having)
        if #having == #classes then
          table.insert(shared, declared)
        elseif having[1] == class then -- else it stands under an earlier one already
          order[#order + 1] = not by_title[title] and title or nil
          by_title[title] = by_title[title] or {}
          table.insert(by_title[title], declared)
        end
      end
    end
    for i, title in ipairs(order) do
      apart[i] = moved(by_title[title], "model, for " .. title)
    end
    return { join { first, options.of("cmml train", shared) }, table.unpack(apart) }
  end

  local few = 3 -- variants of a preset that the short help names

  -- Names where of many variants (behind the last "/") only the number is told.
  local function counted(names)
    local count, list = {}, {}
    local function head_of(name)
      return name:match "^(.*/)[^/]+$" or ""
    end
    for _, name in ipairs(names) do
      count[head_of(name)] = (count[head_of(name)] or 0) + 1
    end
    for _, name in ipairs(names) do
      local head = head_of(name)
      if head == "" or count[head] and count[head] <= few then
        list[#list + 1] = name
      elseif count[head] then
        list[#list + 1], count[head] = ("%s.. (%d)"):format(head, count[head]), nil
      end
    end
    return list
  end

  -- The presets of a kind, the default one first.
  local function presets_of(class, all)
    local names, default = {}, class and class.default_preset
    for name in pairs(class and class.presets or {}) do
      names[#names + 1] = name ~= default and name or nil
    end
    plain.sort(names)
    names = all and names or counted(names)
    if default then
      table.insert(names, 1, default .. " (default)")
    end
    return names
  end

  -- The names of kinds that are no part of another one.
  local function whole_kinds(setting)
    local names = {}
    for _, name in ipairs(cmml.kinds.names(setting)) do
      names[#names + 1] = not cmml.kinds.find(name, setting).part and name or nil
    end
    return names
  end

  --- The kinds and the presets of every setting, for the help.
  -- @tparam table words
  -- @tparam boolean all every preset, not only those that are no variants
  -- @treturn table see `command`
  function own.lists(words, all)
    local _, _, kind = choice(words)
    local kinds, presets = {}, {}
    for i, setting in ipairs(commands.settings()) do
      kinds[i] = { "kinds for " .. setting.name, whole_kinds(setting.name) }
      local class = class_of(kind, setting, peek(words, "part"))
      local names = presets_of(class, all)
      presets[#presets + 1] = #names > 0
        and { ("presets of %s for %s"):format(class.kind, setting.name), names } or nil
    end
    return table.move(presets, 1, #presets, #kinds + 1, kinds)
  end

  return own
end
