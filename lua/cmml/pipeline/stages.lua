--- Trainings that have several stages: each leaves a model in a file of its own, so that what was
-- cut off goes on with the first stage that is missing, and what shares stages learns them once.
--
-- A kind that is fitted gets `data.stage`, a function of (name, make, training): it gives the
-- recommender that `make()` gave after its training, or the one of an earlier run that a file of
-- that stage holds. A file is taken only if it was made from the same data, split and options.
--
-- @module cmml
local args = require "cmml.base.args"
local digest = require "cmml.base.digest"
local json = require "cmml.base.json"
local plain = require "cmml.base.plain"
local shared = require "cmml.base.shared_options"
local sets = require "cmml.base.options"
local of_training = require "cmml.settings.training_options"
local same_ids = require "cmml.data.same_ids"
local raise = args.error

local by_name = {}
for _, option in ipairs(of_training) do
  by_name[option.name] = option
end
local known = sets.declare("fit", {
  sets.changed(by_name.out, { help = "folder in which stages are kept, of a kind that learns in "
    .. "several" }),
  sets.changed(shared.seed, { help = "seed of the stages" }),
  by_name.on_step, by_name.on_epoch,
  { name = "tell", kind = "function", help = "called with a line on each stage" },
})

return function(cmml, use)
  local core = cmml.core
  use "recommenders.checkpoint"
  use "train.train"
  local stages = {}

  -- What tells the data of a stage from others: the items, how often each may be learnt from and
  -- what is known of them, what everybody did, and who learns and validates.
  local function digest_of(catalogue, split, data)
    local items, parts = catalogue.items, {}
    for row = 1, #items do
      parts[row] = items:text(row)
    end
    local function add(value)
      parts[#parts + 1] = value and (value.tobytes and value:tobytes()
        or table.concat(value.totable and value:totable() or value, " ")) or ""
    end
    add(items.counts)
    for i, name in ipairs(items:field_names()) do
      local bag = items.bags[i]
      parts[#parts + 1] = name
      add(bag.segments)
      add(bag.ids)
      add(bag.values)
    end
    add(data.ratings.users)
    add(data.ratings.items)
    add(split.train)
    add(split.valid)
    return digest(table.concat(parts, "\n"))
  end

  -- What decides a stage, as text.
  local function described(model, training, conditions, data, name, after)
    return json.encode { stage = name, kind = model.kind, options = model.options,
      training = training, conditions = conditions, data = data, after = after }
  end

  -- A value in words, if it is one.
  local function shown(value)
    return type(value) ~= "table" and plain.tostring(value) or nil
  end

  -- What differs first between two such texts, in words.
  local function difference(was, is)
    local a, b = core.json_decode(was, "stage"), core.json_decode(is, "stage")
    for _, key in ipairs { "conditions", "kind", "options", "training" } do
      local of_a, of_b = args.fits(a[key], "table") and a[key] or {}, b[key]
      for _, inner in ipairs(type(of_b) == "table" and args.keys(of_b) or {}) do
        if not args.equal(of_a[inner], of_b[inner]) then
          local before, now = shown(of_a[inner]), shown(of_b[inner])
          return before and now and ("%s: %s was %s and is %s"):format(key, inner, before, now)
            or ("%s: %s"):format(key, inner)
        end
      end
      if not args.equal(a[key], b[key]) then
        return key
      end
    end
    return a.data ~= b.data and "items, their features, or what was done"
      or a.after ~= b.after and "the stage before it" or "its settings"
  end

  -- The model of a file, if that holds this stage; raises where it holds another one.
  local function kept(path, text)
    if not core.exists(path) then
      return nil
    end
    local model, with = cmml.load(path)
    if not model then
      raise(with, 0)
    end
    local own = type(with.notes.stage) == "string" and with.notes.stage
    if own ~= text then
      raise(("fit: %s holds a stage of other data or settings%s: give another folder, or remove "
        .. "it"):format(path, own and (" (%s)"):format(difference(own, text)) or ""), 0)
    end
    return model
  end

  -- Holds a stage, so that only one process learns it, for as long as what it gives is not closed:
  -- the others wait, which is told once, and find its file.
  local function alone(path, tell)
    local told = false
    while true do
      local held, message, busy = core.hold_folder(path .. ".making")
      if held or not busy then
        return held or raise(message, 0)
      end
      if not told then
        tell()
        told = true
      end
      core.sleep(0.1)
    end
  end

  --- The function `stage` of a split: of (name, make, training, after), `after` being what an
  -- earlier stage gave second, of one that this one depends on. It gives the recommender, and what
  -- tells the stage from others.
  -- @tparam table split
  -- @tparam table data what the setting lets be learnt of it
  -- @tparam table options conditions (plain data by which the split is made again), folder (where
  -- stages are kept; nil: nowhere), by_digest (true: files have the digest of what decides them in
  -- their names, so that trainings with other settings share the folder), seed, tell (called as
  -- tell(text)), callbacks (a function of the number of epochs that gives on_step and on_epoch, as
  -- of `train`)
  -- @treturn function
  function stages.of(split, data, options)
    local of_data
    local function tell(form, ...)
      if options.tell then
        options.tell(form:format(...))
      end
    end

    -- The model after its training.
    local function learnt(name, model, own)
      tell("stage %s: %s", name, model.title)
      local with = options.callbacks and options.callbacks(own.epochs or 30) or {}
      for key, value in pairs(own) do
        with[key] = value
      end
      local result = cmml.train(model, split, with)
      if result.stopped == "diverged" then
        raise(("stage %s: %s"):format(name, result.message), 0)
      end
      return model
    end

    return function(name, make, training, after)
      local model, own = make(), { seed = options.seed }
      for key, value in pairs(training or model.training or {}) do
        own[key] = value
      end
      if not options.folder then
        return learnt(name, model, own)
      end
      of_data = of_data or digest_of(model.catalogue, split, data)
      local text = described(model, own, options.conditions, of_data, name, after)
      local path = plain.format("%s/%s%s.safetensors", options.folder, name,
        options.by_digest and "-" .. digest(text):sub(1, 16) or "")
      local _ <close> = alone(path, function()
        tell("stage %s: another process makes it", name)
      end)
      local found = kept(path, text)
      if found then
        tell("stage %s: from %s", name, path)
        return found, digest(text)
      end
      learnt(name, model, own)
      local ok, message = cmml.save(model, path, { notes = { stage = text } })
      if not ok then
        raise(message, 0)
      end
      return model, digest(text)
    end
  end

  -- Raises unless a model is fitted on a split of its setting, of the items that it was made for.
  local function check_split(model, split)
    local catalogue = type(split) == "table" and type(split.train) == "table" and split.catalogue
    local is_made = type(catalogue) == "table"
    if not catalogue or is_made and catalogue.setting ~= model.catalogue.setting then
      raise(("fit: a split of %s was expected, which says who is learnt from, not %s"):format(
        model.setting.title, args.describe(split)), 3)
    end
    local row, mine, other
    if is_made then -- where it is a method, it makes one of the same items
      row, mine, other = same_ids.difference(model.catalogue.items, catalogue.items)
    end
    if row then
      raise(("fit: the model was made for a catalogue of other items: item %d is %s, of the split "
        .. "%s; make the model from the split's catalogue"):format(row, mine, other), 3)
    end
  end

  --- Fits a recommender that needs no gradient training, or learns in stages.
  -- @tparam Recommender model
  -- @tparam table split its setting's, such as `sequences.split` gives
  -- @tparam[opt] table options see below
  -- @treturn ?string what is to be told of it
  -- @usage
  -- local data = cmml.settings:get("sequences").made()
  -- local split = assert(cmml.sequences.split(data))
  -- local model = cmml.recommenders.markov(split.catalogue)
  -- cmml.fit(model, split)
  function cmml.fit(model, split, options)
    local opt = known:check(options)
    if type(model) ~= "table" or type(model.fit) ~= "function" then
      raise("fit: a recommender that is fitted was expected, not " .. args.describe(model), 2)
    end
    check_split(model, split)
    local data = model.setting.learnable(split)
    data.stage = stages.of(split, data, { folder = opt.out, seed = opt.seed,
      conditions = model.setting.conditions(split, {}), tell = opt.tell,
      callbacks = function()
        return { on_step = opt.on_step, on_epoch = opt.on_epoch }
      end })
    return model:fit(data)
  end

  return stages
end
