--- `cmml experiment encoders`: encoders and hybrids, under linear modulation as in the paper.
--
-- @module cmml.experiment.encoders
local args = require "cmml.base.args"
local setting = require "cmml.experiment.setting"

local encoders = {
  summary = "encoders and hybrid context generators under linear modulation, or that of --preset "
    .. "(encoder ablation)",
  run = setting.run,
  options = setting.options { setting.preset_option },
}

-- The rows of the paper's ablation, and every other registered encoder and hybrid.
local first = { { "mean", "none" }, { "gru", "none" }, { "gru", "mlp" }, { "gru", "dot" } }

local function row_of(cmml, opt, encoder, hybrid)
  local model = opt.preset and { preset = setting.preset("experiment encoders", cmml, opt) }
    or setting.modulation(cmml, opt, "linear")
  model.encoder, model.hybrid = encoder, hybrid
  return { row = ("%s, %s"):format(encoder, hybrid == "none" and "no hybrid" or hybrid),
    model = model }
end

--- What is to be computed.
-- @tparam table cmml the library
-- @tparam table opt options
-- @treturn table budget (a text), tables, cells; see `cmml.experiment.report`
function encoders.plan(cmml, opt)
  local rows, seen = {}, {}
  local function add(encoder, hybrid)
    local key = encoder .. " " .. hybrid
    if cmml.encoders[encoder] and cmml.hybrids[hybrid] and not seen[key] then
      rows[#rows + 1], seen[key] = row_of(cmml, opt, encoder, hybrid), true
    end
  end
  if setting.of(opt) == "scenario" then
    local row = row_of(cmml, opt, "mean", "none")
    row.row, row.model.encoder_negatives = "mean without negatives, no hybrid", false
    rows[1] = row
  end
  for _, pair in ipairs(first) do
    add(pair[1], pair[2])
  end
  for _, encoder in ipairs(args.keys(cmml.encoders)) do
    add(encoder, "dot")
  end
  for _, hybrid in ipairs(args.keys(cmml.hybrids)) do
    add("gru", hybrid)
  end
  return setting.plan(cmml, "encoders", opt, rows, rows[1] and rows[1].row)
end

return encoders
