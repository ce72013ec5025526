--- The files of a training run: best.safetensors, last.safetensors (model and state of the
-- training) and log.csv, and how a run goes on from them.
--
-- @module cmml.train.run_files
local args = require "cmml.base.args"
local digest = require "cmml.base.digest"
local general = require "cmml.settings.data_options"
local json = require "cmml.base.json"
local options = require "cmml.base.options"
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"
local raise = args.error

return function(cmml, use)
  local core, files = cmml.core, {}
  local train_options = use "train.options"
  local data_options = options.of("data", general(cmml.settings))

  -- Options as plain data. JSON has no infinity, which says that nothing is clipped.
  local function plain_data(value)
    if value == math.huge then
      return "inf"
    elseif type(value) ~= "table" then
      return value
    end
    local copy = {}
    for key, inner in pairs(value) do
      copy[key] = plain_data(inner)
    end
    return copy
  end

  local function path_of(opt, name)
    return opt.out .. "/" .. name .. ".safetensors"
  end

  local function check(ok, message)
    if not ok then
      raise("train: " .. message, 0)
    end
  end

  -- Folders that are held for the next training into them.
  local claimed = {}

  -- The folder of a run, held until it is closed. One that another run writes into is refused; so
  -- is one that holds a run or a model already, unless the run is resumed.
  local function hold(out, resume)
    local held, message = core.hold_folder(out)
    if not held then
      raise(("train: %s; give another folder, or wait until it has ended"):format(message),
        0)
    elseif not resume and core.exists(out .. "/last.safetensors") then
      held:close()
      raise(("train: %s holds a run already: resume it (%s), or give another folder"):format(out,
        args.option("resume", true)), 0)
    elseif not resume and core.exists(out .. "/best.safetensors") then
      held:close()
      raise(("train: %s holds a model already: give another folder, or remove it"):format(out), 0)
    end
    return held
  end

  --- Holds the folder of a run before there is anything to train, for the next training into it.
  -- @tparam string out
  -- @tparam ?boolean resume whether it may hold a run already
  -- @treturn table to be closed (by `local x <close>`) when the training is over
  function files.claim(out, resume)
    local held = hold(out, resume)
    claimed[out] = held
    return setmetatable({}, { __close = function()
      claimed[out] = nil
      held:close()
    end })
  end

  --- Opens the folder of a run, which is made if it is not there, and holds it against other runs.
  -- @tparam table opt of `train`
  -- @treturn table to be closed when the training is over
  function files.open(opt)
    local ok, message = pcall(json.encode, { opt.conditions, opt.notes })
    if not ok then
      raise("train: conditions and notes must be plain data: " .. message, 0)
    end
    local held = claimed[opt.out]
    claimed[opt.out] = nil
    return held or hold(opt.out, opt.resume)
  end

  -- What a run must be resumed under.
  local function conditions_of(model, source, opt)
    local conditions = source:conditions()
    conditions.model = model.options
    for key, value in pairs(opt.conditions) do
      conditions[key] = value
    end
    for _, key in ipairs(train_options.decisive(model.setting)) do
      conditions[key] = plain_data(opt[key])
    end
    return conditions
  end

  -- What tells a run from others: what decides its numbers.
  local function identity_of(conditions)
    return digest(json.encode(conditions))
  end

  -- The caller's notes and conditions, with the epoch that a file's weights are from, and the run.
  local function notes_of(opt, state, source, conditions)
    local notes = {}
    for _, given in ipairs { opt.conditions, opt.notes } do
      for key, value in pairs(given) do
        notes[key] = value
      end
    end
    notes.epoch, notes.run = state.epoch, identity_of(conditions)
    if source.validates then
      notes["valid_" .. source.monitored] = state[source.monitored]
    end
    return notes
  end

  local function log_head(source)
    local names = { "epoch", "loss" }
    for i, metric in ipairs(source.metrics) do
      names[i + 2] = "valid_" .. metric[2]
    end
    return table.concat(names, ",") .. ",seconds\n"
  end

  local function log_line(state, source)
    local cells = { plain.format("%d,%.6f", state.epoch, state.loss) }
    for i, metric in ipairs(source.metrics) do
      local value = state[metric[1]]
      cells[i + 1] = value and plain.format("%.6f", value) or ""
    end
    return plain.format("%s,%.3f\n", table.concat(cells, ","), state.seconds)
  end

  -- Whether JSON can hold it.
  local function plain_number(value)
    return type(value) ~= "number" or value - value == 0
  end

  local function write_log(opt, state, source)
    check(core.write_file(opt.out .. "/log.csv", log_head(source) .. table.concat(state.log)))
  end

  --- Writes the files after an epoch, or raises: a run that cannot keep its result must not go on
  -- as if it could. The log is written anew from its lines: after a resume it has none twice.
  function files.write(model, source, optimisation, opt, state, improved)
    state.log[#state.log + 1] = log_line(state, source)
    local conditions = conditions_of(model, source, opt)
    local notes = notes_of(opt, state, source, conditions)
    if improved then
      check(cmml.save(opt.serve and model:over(opt.serve) or model, path_of(opt, "best"),
        { notes = notes }))
    end
    local tensors
    tensors, notes.steps, notes.schedule = optimisation:state()
    notes.conditions, notes.state = conditions, {}
    for key, value in pairs(state) do
      -- a metric that no task has is no number, and the best of such is infinite
      notes.state[key] = plain_number(value) and value or nil
    end
    check(cmml.save(model, path_of(opt, "last"), { tensors = tensors, notes = notes }))
    write_log(opt, state, source)
  end

  local function weights_of(model)
    local weights = {}
    for _, pair in ipairs(model:tensors()) do
      weights[pair[1]] = pair[2]
    end
    return weights
  end

  -- Tables by name, not lists.
  local function is_record(value)
    return type(value) == "table" and #value == 0 and next(value) ~= nil
  end

  -- A value of a condition as people write it: lists with commas, records as {lr=0.1,..}.
  local function written(value)
    local parts = {}
    if is_record(value) then
      for i, key in ipairs(args.keys(value)) do
        parts[i] = key .. "=" .. written(value[key])
      end
      return "{" .. table.concat(parts, ",") .. "}"
    elseif type(value) ~= "table" then
      return text.plain(value)
    end
    for i, entry in ipairs(value) do
      parts[i] = written(entry)
    end
    return #parts > 0 and table.concat(parts, ",") or "none"
  end

  local function shown(value)
    if type(value) == "table" and #value > 8 then
      return ("a list of %d"):format(#value)
    end
    return value == nil and "not given" or ("%.60s"):format(written(value))
  end

  -- Keys of both, those that both have first, so that the first difference is always the same.
  local function keys_of(before, now)
    local keys, seen = {}, {}
    for _, source in ipairs { before, now } do
      for key in pairs(source) do
        key = plain.tostring(key)
        keys[#keys + 1], seen[key] = not seen[key] and key or nil, true
      end
    end
    plain.sort(keys, function(a, b)
      local both_a = before[a] ~= nil and now[a] ~= nil
      local both_b = before[b] ~= nil and now[b] ~= nil
      if both_a ~= both_b then
        return both_a
      end
      return a < b
    end)
    return keys
  end

  -- The first difference of two tables of conditions: where (list of keys), what was, what is.
  local function difference(before, now)
    for _, key in ipairs(keys_of(before, now)) do
      local was, is = before[key], now[key]
      if is_record(was) and is_record(is) then
        local where, inner_was, inner_is = difference(was, is)
        if where then
          table.insert(where, 1, key)
          return where, inner_was, inner_is
        end
      elseif not args.equal(was, is) then
        return { key }, was, is
      end
    end
  end

  -- What a condition is called: options as the caller writes them. What the source counted is none.
  local function name_of(where, model, source)
    local last = where[#where]
    if where[1] == "schedule" and #where > 1 then
      return last .. " of the schedule"
    elseif source:conditions()[where[1]] == nil then
      for _, known in ipairs { train_options.all(), data_options, model.setting.options,
        model.known } do
        if known:find(last) then
          return args.option(last)
        end
      end
    end
    return table.concat(where, ".")
  end

  local function check_conditions(before, now, model, source)
    local where, was, is = difference(before, now)
    if not where then
      return
    end
    local because = where[1] == "schedule" and where[2] == "steps"
      and (" (a schedule is as long as the run, unless its steps are given: %s, %s and the data "
        .. "decide it)"):format(args.option "epochs", args.option "batch") or ""
    raise(("train: cannot resume: %s was %s, now it is %s%s; give what the run began with, or "
      .. "train anew in another folder"):format(name_of(where, model, source), shown(was),
      shown(is), because), 0)
  end

  -- What a damaged file says is not believed: `what` of the state, if it is as it must be.
  local function need(what, ok)
    if not ok then
      raise(("the state of the training has no usable %s"):format(what), 0)
    end
  end

  local function is_count(value, most)
    return math.type(value) == "integer" and value >= 0 and value <= most
  end

  local function is_number(value)
    return math.type(value) ~= nil and value - value == 0
  end

  -- The state of the loop, as it was saved; raises where it cannot have been.
  local function read_state(saved, source)
    local state = { log = {} }
    state.epoch, state.best_epoch, state.best = saved.epoch, saved.best_epoch, saved.best
    need("epoch", is_count(saved.epoch, 1 << 31) and saved.epoch > 0)
    need("best_epoch", is_count(saved.best_epoch, saved.epoch))
    state.untrained = saved.untrained or 0
    need("untrained", is_count(state.untrained, 1 << 53))
    need("best", saved.best == nil or is_number(saved.best))
    need("log", type(saved.log) == "table" and #saved.log == saved.epoch)
    for i, line in ipairs(saved.log) do
      need("log", type(line) == "string" and line:find "^[0-9]+,[A-Za-z0-9.,+-]*\n$"
        and line:match "^[0-9]+" == ("%d"):format(i))
      state.log[i] = line
    end
    local fields = { "loss", "seconds" }
    for _, metric in ipairs(source.metrics) do
      fields[#fields + 1] = metric[1]
    end
    for _, field in ipairs(fields) do
      need(field, saved[field] == nil or is_number(saved[field]))
      state[field] = saved[field]
    end
    return state
  end

  -- Raises unless a module has just these weights, in these shapes.
  local function check_weights(module, weights)
    for name, tensor in module:parameters() do
      local given = weights[name]
      if not given or table.concat(given.shape, "x") ~= table.concat(tensor.shape, "x") then
        raise(("the weights %s are %s"):format(name, given and "of another shape" or "missing"), 0)
      end
    end
  end

  -- The best weights of the run: those of its best epoch, or of one more, where it was interrupted
  -- before the state of that was written. Those of another run are refused.
  local function read_best(model, source, state, opt, run)
    if state.best_epoch == 0 then
      return nil
    end
    local path = path_of(opt, "best")
    local best, found = cmml.load(path)
    local notes = best and type(found.notes) == "table" and found.notes or {}
    if not best then
      raise("train: cannot resume: " .. found, 0)
    end
    local value = notes["valid_" .. source.monitored]
    local is_own = (notes.run == nil or notes.run == run) and (notes.epoch == state.epoch + 1
      or notes.epoch == state.best_epoch and (value == nil or value == state.best))
    if not is_own then
      raise(("train: cannot resume: %s is not of this run, whose best epoch was %d: put its own "
        .. "back, or train anew in another folder"):format(path, state.best_epoch), 0)
    end
    local weights = weights_of(best)
    check_weights(model.module, weights)
    return weights
  end

  --- Puts the state of an interrupted run back into model and optimisation, or raises and leaves
  -- the model as it was.
  -- @treturn table state: what the loop has to know of the run
  -- @treturn ?table its best weights by name; nil if it has none yet
  function files.resume(model, source, optimisation, opt)
    local path = path_of(opt, "last")
    if not core.exists(path) then
      raise(("train: cannot resume: no epoch was finished in %s, which has no last.safetensors; "
        .. "leave %s out to begin"):format(opt.out, args.option "resume"), 0)
    end
    local saved, found = cmml.load(path)
    if not saved then
      raise("train: cannot resume: " .. found, 0)
    end
    local notes = found.notes
    if type(notes) ~= "table" or type(notes.state) ~= "table"
      or type(notes.conditions) ~= "table" then
      raise(("train: cannot resume: %s holds a model, but no state of a training; "
        .. "train anew in another folder"):format(path), 0)
    end
    local conditions = conditions_of(model, source, opt)
    check_conditions(notes.conditions, conditions, model, source)
    local differs = model.catalogue:difference(saved.catalogue)
    if differs then
      raise(("train: cannot resume: %s differ from those in %s, which the weights were learnt "
        .. "with: make the model over those, or train anew in another folder"):format(differs,
        path), 0)
    end
    local weights, state = weights_of(saved), nil
    local ok, problem = pcall(function()
      state = read_state(notes.state, source)
      check_weights(model.module, weights)
      optimisation:restore(found.tensors, notes.steps, notes.schedule)
    end)
    if not ok then
      raise(("train: cannot resume: %s is damaged: %s; train anew in another folder"):format(path,
        plain.tostring(problem)), 0)
    end
    local best = read_best(model, source, state, opt, identity_of(conditions))
    write_log(opt, state, source) -- which an interruption may have left behind
    model:set_tensors(saved:tensors())
    return state, best
  end

  return files
end
