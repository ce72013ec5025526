-- Known answers: reads case files, computes each case through the public API from its config, and
-- compares every stored number. spec/golden/README.md tells the format.
local cmml = require "cmml"
local Case = require "spec.support.golden.case"
local verdict = require "spec.support.golden.verdict"

local golden = {}

-- The families that names begin with. Within one, the first kind that matches a case's config keys
-- and tensors computes it.
local covered = {
  ops = require "spec.support.golden.ops",
  hvp = require "spec.support.golden.hvp",
  optim = require "spec.support.golden.optim",
  metrics = require "spec.support.golden.metrics",
  cmml = require "spec.support.golden.cmml",
  mml_sasrec = require "spec.support.golden.sasrec",
  mml_fusion = require "spec.support.golden.fusion",
  mml_item = require "spec.support.golden.generator",
  mml_fomaml = require "spec.support.golden.fomaml",
  s2meta = require "spec.support.golden.s2meta",
  conet = require "spec.support.golden.conet",
  itempop = require "spec.support.golden.itempop",
  dcn = require("spec.support.golden.dcn").dcn,
  dcnf = require("spec.support.golden.dcn").dcnf,
  melu = require "spec.support.golden.melu",
  metacs = require "spec.support.golden.melu",
}

-- The longest family that a name begins with.
local function family_of(name)
  local stem = name
  while stem do
    if covered[stem] then
      return stem
    end
    stem = stem:match "^(.*)_"
  end
end

local function is_object(value)
  return type(value) == "table" and value[1] == nil
end

local function decode(metadata, key)
  if type(metadata[key]) ~= "string" then
    error(("its metadata have no %s: no case of known answers"):format(key), 0)
  end
  local value, why = cmml.core.json_decode(metadata[key])
  if not is_object(value) then
    error(("its %s is no JSON object%s"):format(key, why and ": " .. why or ""), 0)
  end
  return value
end

local function stored(entry)
  local integer = entry.dtype == "I64"
  if not integer and entry.dtype ~= "F32" then
    error(("%s is %s; F32 or I64 was expected"):format(entry.name, entry.dtype), 0)
  end
  local values = entry.value
  if not integer then
    values = values.count > 0 and values:reshape({ -1 }):totable() or {}
  end
  return { shape = entry.shape, values = values, integer = integer }
end

local function parse(path)
  local archive, why = cmml.core.read_archive(path)
  if not archive then
    error(why, 0)
  end
  local metadata = archive.metadata
  local config, tolerance = decode(metadata, "config"), decode(metadata, "tolerance")
  for _, key in ipairs { "rtol", "atol" } do
    if type(tolerance[key]) ~= "number" or tolerance[key] < 0 then
      error(("its tolerance has no %s"):format(key), 0)
    end
  end
  if type(metadata.case) ~= "string" then
    error("its metadata do not name a case", 0)
  end
  local tensors = {}
  for _, entry in ipairs(archive.tensors) do
    tensors[entry.name] = stored(entry)
  end
  return { name = metadata.case, description = metadata.description or "", config = config,
    tolerance = tolerance, tensors = tensors }
end

--- Reads a case file.
-- @tparam string path
-- @treturn ?table name, description, config, tolerance, tensors (by name: shape, values, integer);
-- nil if the file holds no case
-- @treturn ?string why not
function golden.read(path)
  local ok, result = pcall(parse, path)
  if ok then
    return result
  end
  return nil, tostring(result)
end

local function compute(case)
  local family = family_of(case.name)
  if not family then
    error(("case %s: no family of cases begins so"):format(case.name), 0)
  end
  for _, kind in ipairs(covered[family]) do
    if kind.match(case) then
      return kind.run(case)
    end
  end
  error(("no kind of %s has these config keys and tensors"):format(family), 0)
end

local function judge(case)
  local complaints, count, worst = verdict(case)
  if #complaints > 0 then
    return "FAIL", complaints[1]
      .. (#complaints > 1 and (" (and %d more)"):format(#complaints - 1) or "")
  elseif count == 0 then
    return "FAIL", "the file has no results to compare"
  end
  return "pass", ("%d tensors, worst at %.0f %% of the tolerance"):format(count, 100 * worst)
end

--- Computes a case and compares all its stored results.
-- @tparam table fields what `read` gave
-- @treturn string "pass", "FAIL" or "skip"
-- @treturn string what was checked, what is wrong, or why it was skipped
-- @treturn ?Case what was computed, for `compare`
function golden.run(fields)
  local case = Case.new(fields)
  local ok, problem = pcall(compute, case)
  if not ok then
    local reason = Case.skipped(problem)
    return reason and "skip" or "FAIL", reason or tostring(problem)
  end
  local status, detail = judge(case)
  return status, detail, case
end

--- Compares some stored results of a case with what was computed of the same inputs before.
-- @tparam table fields what `read` gave; of tensors those that are compared
-- @tparam Case computed what `run` gave
-- @treturn string "pass" or "FAIL"
-- @treturn string what was checked, or what is wrong
function golden.compare(fields, computed)
  local case = Case.new(fields)
  for name in pairs(fields.tensors) do
    case.computed[name] = computed.computed[name]
  end
  local config, zero = {}, {}
  for key, value in pairs(case.config) do
    config[key] = value
  end
  for _, name in ipairs(config.zero_by_structure or {}) do
    zero[#zero + 1] = fields.tensors[name] and name
  end
  config.zero_by_structure = config.zero_by_structure and zero
  case.config = config
  for _, key in ipairs { "read", "used" } do
    for name in pairs(computed[key]) do
      case[key][name] = true
    end
  end
  return judge(case)
end

-- The names of the case files in a folder, sorted. Lua has no directory listing of its own.
local function list(folder)
  local quoted = "'" .. folder:gsub("'", "'\\''") .. "'"
  local pipe = assert(io.popen(("ls -1 -- %s 2>/dev/null"):format(quoted)))
  local names = {}
  for line in pipe:lines() do
    names[#names + 1] = line:match "%.safetensors$" and line or nil
  end
  return pipe:close() and names or nil
end

--- The case files of a folder: those of its index.json in that order, then any others.
-- @tparam string folder
-- @treturn ?table list of file names; nil if the folder or its index cannot be read
-- @treturn ?string why not
function golden.files(folder)
  local present = list(folder)
  if not present then
    return nil, folder .. ": no such folder"
  end
  local names, seen = {}, {}
  local index = io.open(folder .. "/index.json", "rb")
  if index then
    local value, why = cmml.core.json_decode(index:read "a")
    index:close()
    if not is_object(value) or type(value.cases) ~= "table" then
      return nil, ("%s/index.json: %s"):format(folder, why or "no list of cases")
    end
    for i, entry in ipairs(value.cases) do
      if type(entry) ~= "table" or type(entry.file) ~= "string" then
        return nil, ("%s/index.json: case %d has no file"):format(folder, i)
      end
      names[i], seen[entry.file] = entry.file, true
    end
  end
  for _, name in ipairs(present) do
    names[#names + 1] = not seen[name] and name or nil
  end
  return names
end

return golden
