--- A whole training as a user runs it: `lua5.4 bench/training.lua --help`. It has a process of its
-- own, so that the peak of its memory is its own, too.
local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/?.lua;" .. package.path

local cmml = require "cmml"
local program = require "program"

local usage = [[
usage: lua5.4 bench/training.lua [OPTIONS]

Trains with the capped protocol and the published settings. Prints a remark when it is ready, then
a line an epoch, with tabs between: epoch, processor seconds, training loss, validation MAE,
peak MB, resident MB.]]
local values = program.options("training.lua", usage, {
  { name = "data", kind = "string", arg = "DIR", default_text = "made data of the same sizes",
    help = "folder in the format of MovieLens-1M" },
  { name = "epochs", kind = "integer", default = 30, from = 1, help = "number of epochs" },
  { name = "turns", kind = "boolean", help = "wait for a line of input before each epoch" },
  { name = "export", kind = "string", arg = "FILE",
    help = "do not train: write what is trained on as arrays, for a peer" },
})

local function read_data(folder)
  if not folder then
    return cmml.cold_users(cmml.settings:get("users").made_full(), { protocol = "capped" })
  end
  local dataset, message = cmml.movielens(folder)
  if not dataset then
    return nil, message
  end
  return cmml.cold_users(dataset, { protocol = "capped" })
end

-- Ratings and fields as numbers, from 1; value 0 is one that was never seen.
local function export(data, path)
  local entries, add = program.arrays()
  add("train", data.train)
  add("valid", data.valid)
  add("ratings.lengths", data.ratings.users:totable())
  add("ratings.items", data.ratings.items:totable())
  add("ratings.labels", data.ratings.ratings)
  for side, bags in pairs { items = data.catalogue.items.bags, users = data.bags } do
    for i, field in ipairs(data.catalogue[side]:sizes()) do
      local name, bag = ("%s.%s."):format(side:sub(1, -2), field.name), bags[i]
      add(name .. "ids", bag.ids:totable())
      add(name .. "size", { field.size })
      if bag.segments then
        add(name .. "lengths", bag.segments:totable())
      end
    end
  end
  return cmml.core.write_archive(path, entries)
end

-- Peak and present resident memory in MB, where the system tells.
local function memory()
  local file = io.open "/proc/self/status"
  local text = file and file:read "a" or ""
  if file then
    file:close()
  end
  local function megabytes(name)
    return (tonumber(text:match(name .. ":%s+(%d+) kB")) or 0) * 1024 / 1e6
  end
  return megabytes "VmHWM", megabytes "VmRSS"
end

local function train(data, epochs, turns)
  io.stdout:setvbuf "line"
  local model = cmml.cmml(data.catalogue, { preset = "published-code" })
  local began
  print("# " .. cmml._VERSION)
  local function begin()
    if turns and not io.read() then
      os.exit(true, true)
    end
    began = os.clock()
  end
  begin()
  cmml.train(model, data, { epochs = epochs, patience = 0, on_epoch = function(state)
    print(("%d\t%.4f\t%.4f\t%.4f\t%.1f\t%.1f"):format(state.epoch, os.clock() - began,
      state.loss, state.mae, memory()))
    if state.epoch < epochs then
      begin()
    end
  end })
  return true
end

local data, message = read_data(values.data)
local done
if data then
  if values.export then
    done, message = export(data, values.export)
  else
    done = train(data, values.epochs, values.turns)
  end
end
if not done then
  program.fail(message)
end
