--- The trials of `cmml tune`: a model learns, and the validation tasks say how well. Test users and
-- scenarios are not looked at.
--
-- @module cmml.experiment.tune_cell
local tune_cell = {}

--- Computes a trial.
-- @tparam table cmml the library
-- @tparam table settings those of a cell of the setting
-- @treturn table value (of the best epoch; none if training diverged), epochs, best_epoch, message
function tune_cell.run(cmml, settings)
  local cell = require("cmml.experiment." .. settings.cell)
  local data = cell.prepare(cmml, settings)
  data.test, data.evaluations = {}, {} -- what a trial may not see
  local _, result = cell.train(cmml, data, settings)
  return { value = result.stopped ~= "diverged" and result.best_epoch > 0 and result.best or nil,
    epochs = result.epoch, best_epoch = result.best_epoch, message = result.message }
end

return tune_cell
