--- `cmml doctor`: what this installation is made of, whether it works, and what to do if not.
--
-- @module cmml
local download = require "cmml.fetch.download"
local output = require "cmml.base.output"
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"

-- Programs that other people's files need, and who has them on Debian. Any of a row will do.
local helpers = {
  { programs = { "gzip" }, package = "gzip", what = "reading files packed by gzip" },
  { programs = { "zstd" }, package = "zstd", what = "reading files packed by zstd" },
  { programs = { "xz" }, package = "xz-utils", what = "reading files packed by xz" },
  { programs = { "curl", "wget" }, package = "curl", what = "cmml fetch (downloads)" },
  { programs = { "md5sum", "openssl" }, package = "coreutils", what = "cmml fetch (checksums)" },
  { programs = { "unzip", "bsdtar", "python3" }, package = "unzip", what = "cmml fetch (zip)" },
}

local size = 512 -- rows and columns of the matrices that are multiplied

return function(cmml, use)
  use "cli.command"
  local core = cmml.core

  -- The instruction sets whose kernels this processor and this build have.
  local function kernels()
    local current, there = core.kernels(), {}
    for _, name in ipairs { "base", "avx2", "avx512" } do
      there[#there + 1] = pcall(core.kernels, name) and name or nil
    end
    core.kernels(current)
    return current, there
  end

  -- Billions of operations a second of a product of two matrices, the best of several; and whether
  -- the product is right.
  local function multiply()
    local a, b = core.full({ size, size }, 0.5), core.full({ size, size }, 2)
    local best, right = 0, true
    for _ = 1, 5 do
      local began = core.clock()
      local product = core.matmul(a, b)
      local seconds = math.max(core.clock() - began, 1e-9)
      best = math.max(best, 2 * size ^ 3 / seconds / 1e9)
      right = right and math.abs(core.mean(product):item() - size) < 1e-3 * size
    end
    return best, right
  end

  -- Whether a file can be written where programs put what is for a moment.
  local function temporary()
    local ok, path = pcall(os.tmpname)
    if not ok then
      return nil, "no temporary file can be made"
    end
    local written, message = core.write_file(path, "cmml")
    os.remove(path)
    return written and (path:match "^(.+)/" or "."), message
  end

  -- Programs that are there, and for those that are not what is impossible without.
  local function programs()
    local there, missing = {}, {}
    for _, row in ipairs(helpers) do
      local found = download.first_of(row.programs)
      there[#there + 1] = found
      if not found then
        missing[#missing + 1] = ("%s is missing, for %s: install %s"):format(
          table.concat(row.programs, " or "), row.what, row.package)
      end
    end
    return there, missing
  end

  -- Lines of {name, value}; what is wrong (a list); what is missing, but may be.
  local function examine()
    local info, wrong = core.info(), {}
    local current, there = kernels()
    local speed, right = multiply()
    local threads, processors = core.threads(), core.processors()
    local place, message = temporary()
    local found, missing = programs()
    if not right then
      wrong[#wrong + 1] = "a product of matrices is wrong: OpenBLAS does not work on this "
        .. "processor; install another build of it, or set OPENBLAS_CORETYPE"
    end
    if not info.blas:find "OpenBLAS" then
      wrong[#wrong + 1] = ("the library of linear algebra is %s, not OpenBLAS: install "
        .. "libopenblas0"):format(info.blas)
    end
    if not place then
      wrong[#wrong + 1] = ("%s: make room there, or set TMPDIR to a folder of your own"):format(
        message)
    end
    if threads > processors then
      wrong[#wrong + 1] = ("OpenBLAS has %d threads for %d processors: set OPENBLAS_NUM_THREADS "
        .. "to at most that"):format(threads, processors)
    end
    return {
      { "cmml", info.version }, { "Lua", _VERSION:gsub("^Lua ", "") },
      { "core", ("%s; %s"):format(info.dtype, info.build) },
      { "kernels", ("%s (here there are %s)"):format(current, table.concat(there, ", ")) },
      { "BLAS", info.blas },
      { "threads", ("%d of BLAS, %d processor%s"):format(threads, processors,
        processors == 1 and "" or "s") },
      { "speed", plain.format("%.1f GFLOP/s (product of matrices of %d x %d)", speed, size, size) },
      { "temporary", place and place .. ", writable" or "not writable" },
      { "programs", table.concat(found, ", ") },
    }, wrong, missing
  end

  local function run()
    local rows, wrong, missing = examine()
    local lines = {}
    for _, row in ipairs(rows) do
      text.add_term(row[1], row[2], 12, 79, lines)
    end
    for _, line in ipairs(missing) do
      text.add_term("note", line, 12, 79, lines)
    end
    for _, line in ipairs(wrong) do
      text.add_term("WRONG", line, 12, 79, lines)
    end
    if #wrong == 0 then
      text.add_term("result", "all is well", 12, 79, lines)
    end
    output.print(table.concat(lines, "\n"))
    if #wrong > 0 then
      return nil, ("%d thing%s wrong: see above"):format(#wrong, #wrong == 1 and " is" or "s are")
    end
    return true
  end

  cmml.command {
    name = "doctor", summary = "tell what is installed, whether it works, and what to do if not",
    usage = "cmml doctor", run = run, examples = { "cmml doctor" },
  }
end
