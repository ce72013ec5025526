--- The files of a training run: best.safetensors, last.safetensors (model and state of the
-- training) and log.csv, and how a run goes on from them.
--
-- @module cmml.train.run_files
local json = require "cmml.base.json"
local raise = require("cmml.base.args").error
local plain = require "cmml.base.plain"

return function(cmml, use)
  local core, files = cmml.core, {}
  local decisive = use("train.options").decisive

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
  -- is one that holds a run already, unless that is resumed.
  local function hold(out, resume)
    local held, message = core.hold_folder(out)
    if not held then
      raise(("train: %s; give another folder, or wait until it has ended"):format(message),
        0)
    elseif not resume and core.exists(out .. "/last.safetensors") then
      held:close()
      raise(("train: %s holds a run already: resume it, or give another folder"):format(out), 0)
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
    for _, key in ipairs(decisive(model.setting)) do
      conditions[key] = plain_data(opt[key])
    end
    return conditions
  end

  -- The caller's notes and conditions, with the epoch that a file's weights are from.
  local function notes_of(opt, state, source)
    local notes = {}
    for _, given in ipairs { opt.conditions, opt.notes } do
      for key, value in pairs(given) do
        notes[key] = value
      end
    end
    notes.epoch = state.epoch
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

  --- Writes the files after an epoch, or raises: a run that cannot keep its result must not go on
  -- as if it could. The log is written anew from its lines: after a resume it has none twice.
  function files.write(model, source, optimisation, opt, state, improved)
    state.log[#state.log + 1] = log_line(state, source)
    local notes = notes_of(opt, state, source)
    if improved then
      check(cmml.save(opt.serve and model:over(opt.serve) or model, path_of(opt, "best"),
        { notes = notes }))
    end
    local tensors
    tensors, notes.steps, notes.schedule = optimisation:state()
    notes.conditions, notes.state = conditions_of(model, source, opt), {}
    for key, value in pairs(state) do
      -- a metric that no task has is no number, and the best of such is infinite
      notes.state[key] = plain_number(value) and value or nil
    end
    check(cmml.save(model, path_of(opt, "last"), { tensors = tensors, notes = notes }))
    check(core.write_file(opt.out .. "/log.csv",
      log_head(source) .. table.concat(state.log)))
  end

  local function weights_of(model)
    local weights = {}
    for _, pair in ipairs(model:tensors()) do
      weights[pair[1]] = pair[2]
    end
    return weights
  end

  --- The weights of best.safetensors by name.
  function files.best_weights(opt)
    local best, message = cmml.load(path_of(opt, "best"))
    check(best, message)
    return weights_of(best)
  end

  local function comparable(value)
    return type(value) == "table" and json.encode(value) or value
  end

  local function check_conditions(before, now)
    local keys = {}
    for _, source in ipairs { before, now } do
      for key in pairs(source) do
        keys[#keys + 1] = plain.tostring(key)
      end
    end
    plain.sort(keys, function(a, b) -- so that the first difference is always the same, and one of
      local both_a = before[a] ~= nil and now[a] ~= nil -- those that both have, if there is one
      local both_b = before[b] ~= nil and now[b] ~= nil
      if both_a ~= both_b then
        return both_a
      end
      return a < b
    end)
    for _, key in ipairs(keys) do
      local was, is = comparable(before[key]), comparable(now[key])
      if was ~= is then
        raise(("train: cannot resume: %s was %.60s, now it is %.60s; give what the run began with, "
          .. "or train anew in another folder"):format(key, plain.tostring(was),
          plain.tostring(is)), 0)
      end
    end
  end

  --- Puts the state of an interrupted run back into model and optimisation, and gives what the loop
  -- has to know of it.
  function files.resume(model, source, optimisation, opt)
    local path = path_of(opt, "last")
    if not core.exists(path) then
      raise(("train: cannot resume: no epoch was finished in %s, which has no last.safetensors; "
        .. "leave resume out to begin"):format(opt.out), 0)
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
    check_conditions(notes.conditions, conditions_of(model, source, opt))
    local difference = model.catalogue:difference(saved.catalogue)
    if difference then
      raise(("train: cannot resume: %s differ from those in %s, which the weights were learnt "
        .. "with: make the model over those, or train anew in another folder"):format(difference,
        path), 0)
    end
    model.module:load_parameters(weights_of(saved))
    optimisation:restore(found.tensors, notes.steps, notes.schedule)
    return notes.state
  end

  return files
end
