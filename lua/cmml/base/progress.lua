--- Progress for people: one line that renews itself on a terminal, plain lines elsewhere.
--
-- @module cmml.base.progress
local plain = require "cmml.base.plain"
local one_line = require("cmml.base.text").one_line

local progress = {}

--- Seconds as 0:07, 3:21 or 1:05:10.
-- @tparam number seconds
-- @treturn string
function progress.duration(seconds)
  local s = math.floor(seconds + 0.5)
  if s >= 3600 then
    return ("%d:%02d:%02d"):format(s // 3600, s % 3600 // 60, s % 60)
  end
  return ("%d:%02d"):format(s // 60, s % 60)
end

--- Callbacks for `cmml.train` that show it on standard error.
-- @tparam table core for its clock and terminal
-- @tparam integer epochs
-- @treturn table on_step and on_epoch
function progress.training(core, epochs)
  local columns = core.terminal "stderr"
  local began, first, last_shown = core.clock(), nil, 0

  local function on_step(epoch, step, steps, loss)
    local now = core.clock()
    first = first or { epoch = epoch }
    if not columns or (now - last_shown < 0.1 and step < steps) then
      return
    end
    last_shown = now
    local done = (epoch - first.epoch) * steps + step
    local rate = done / math.max(now - began, 1e-9)
    local left = (epochs - first.epoch + 1) * steps - done
    local line = plain.format("epoch %d/%d  step %d/%d  loss %.4f  %.0f steps/s  %s left", epoch,
      epochs, step, steps, loss, rate, progress.duration(left / rate))
    io.stderr:write("\r", line:sub(1, columns - 1), "\27[K")
  end

  local function on_epoch(state, improved, metrics)
    local validated = ""
    for _, metric in ipairs(metrics or {}) do
      local value = metric.shown and state[metric[1]]
      if value then
        validated = plain.format("%s  %s%s %.4f", validated, validated == "" and "valid " or "",
          metric[2], value)
      end
    end
    io.stderr:write(columns and "\r\27[K" or "",
      plain.format("epoch %d/%d  loss %.4f%s  %.1f s%s\n", state.epoch, epochs, state.loss,
        validated, state.seconds, improved and "  best" or ""))
    local out = state.left_out
    if out then
      io.stderr:write(one_line(("left out of the loss: %d tasks of this epoch; the first: %s")
        :format(out.count, out.text)), "\n")
    end
    if state.diverged then
      io.stderr:write(plain.format("valid: steps diverged on %d of %d supports\n",
        state.diverged.count, state.diverged.of))
    end
  end

  return { on_step = on_step, on_epoch = on_epoch }
end

--- Callbacks that show on standard error how far the evaluation of a model is.
-- @tparam table core for its clock and terminal
-- @tparam string title of the model
-- @tparam ?boolean quiet nothing is shown
-- @tparam[opt="evaluated"] string verb what was done with it in the end
-- @treturn table on_task (see `cmml.evaluate`) and finish
function progress.evaluating(core, title, quiet, verb)
  local columns = core.terminal "stderr"
  local began, last_shown = core.clock(), 0

  local function on_task(done, count)
    local now = core.clock()
    if quiet or not columns or now - last_shown < 0.1 then
      return
    end
    last_shown = now
    local line = ("%s  task %d/%d  %s left"):format(one_line(title), done, count,
      progress.duration((now - began) / done * (count - done)))
    io.stderr:write("\r", line:sub(1, columns - 1), "\27[K")
  end

  local function finish()
    if not quiet then
      io.stderr:write(columns and "\r\27[K" or "", plain.format("%s  %s in %.1f s\n",
        one_line(title), verb or "evaluated", core.clock() - began))
    end
  end

  return { on_task = on_task, finish = finish }
end

--- A callback for `cmml.vectors.als` and `cmml.vectors.bpr` that shows on standard error how far
-- they are.
-- @tparam table core for its terminal
-- @treturn function
function progress.iterations(core)
  local columns = core.terminal "stderr"
  return function(state)
    local last = state.iteration == state.iterations
    io.stderr:write(columns and "\r" or "", ("iteration %d/%d  %s"):format(state.iteration,
      state.iterations, state.loss and plain.format("loss %.6g", state.loss)
      or plain.format("%.2f %% of pairs in order", 100 * state.right)),
      columns and not last and "\27[K" or "\n")
  end
end

return progress
