--- The two parts of what `cmml train` leaves in one file: what predicts ratings, in the folder
-- itself, and what makes lists, whose run is in the folder `lists` of it.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local raise = args.error

-- Options of a training that count for both parts; all others are those of what predicts ratings.
local common = { "epochs", "patience", "threads", "shards" }

return function(cmml, use)
  local core = cmml.core
  local models = use "pipeline.models"
  local parts = {}

  --- The kind that makes lists.
  -- @tparam Setting setting
  -- @treturn Recommender the class
  function parts.lists_kind(setting)
    local class = models.default_kind(setting, true)
    if not class or class.predicts ~= "ranking" or class.learns ~= "gradient" then
      raise(("train: --part: there is no kind for %s that learns to make lists"):format(
        setting.title), 0)
    end
    return class
  end

  --- Which parts are to be trained; raises where that does not go with what else was given.
  -- @tparam table values of the options
  -- @tparam Setting setting
  -- @treturn ?string "both", "ratings" or "lists"; nil: one kind alone, as ever
  -- @treturn boolean whether it is so by default, so that data without ratings get lists alone
  function parts.chosen(values, setting)
    local part = rawget(values, "part")
    local predicts = setting.predicts == "ratings"
    if part and not predicts then
      raise(("train: --part does not apply to %s: what is learnt there makes lists"):format(
        setting.title), 0)
    end
    for _, name in ipairs { "model", "settings" } do
      if part and rawget(values, name) ~= nil then
        raise(("train: --part and --%s exclude each other: a kind is one part"):format(name), 0)
      end
    end
    local of_kind = rawget(values, "model") or rawget(values, "preset") or values.settings
    if part or of_kind or not predicts then
      return part, false
    end
    return "both", true
  end

  --- The options of a training that count for what makes lists, too.
  -- @tparam table values of the options
  -- @treturn table options of `train`
  function parts.training(values)
    local training = {}
    for _, name in ipairs(common) do
      training[name] = rawget(values, name)
    end
    return training
  end

  -- Puts what makes lists into the file of what predicts ratings.
  local function join(values, folder)
    local path = values.out .. "/best.safetensors"
    local ratings, found = cmml.load(path)
    if not ratings then
      return nil, found
    end
    local lists, of_lists = cmml.load(folder .. "/best.safetensors")
    if not lists then
      return nil, of_lists
    end
    local notes = found.notes
    notes.lists = { epoch = of_lists.notes.epoch, valid_ndcg = of_lists.notes.valid_ndcg }
    return cmml.save(cmml.with_lists(ratings, lists), path, { notes = notes })
  end

  --- Trains both parts, one after the other. A run that was interrupted goes on in the part in
  -- which it was.
  -- @tparam table values of the options
  -- @tparam Setting setting
  -- @tparam function learn trains a part: of values, and for lists the class and what is told of
  -- the file; gives true, or nil and a message
  -- @treturn ?boolean
  -- @treturn ?string message
  function parts.train(values, setting, learn)
    local class = parts.lists_kind(setting)
    local good, message = learn(values)
    if not good then
      return nil, message
    end
    local folder = values.out .. "/lists"
    local own = setmetatable({ out = folder,
      resume = values.resume and core.exists(folder .. "/last.safetensors") }, { __index = values })
    local ok, result, problem = pcall(learn, own, class,
      ("lists added to %s/best.safetensors"):format(values.out))
    if ok and result then
      ok, result, problem = pcall(join, values, folder)
    end
    if ok and result then
      return true
    elseif not ok and args.is_interrupt(result) then
      raise(result, 0)
    end
    problem = plain.tostring(ok and problem or result)
    return nil, ("what makes lists: %s; what predicts ratings is in %s (--part ratings trains it "
      .. "alone)"):format(problem:gsub("^train: ", ""), values.out)
  end

  return parts
end
