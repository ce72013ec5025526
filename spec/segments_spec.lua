-- Rows of sequences that lie one behind another: their places, the last of them, and what of it a
-- frozen graph has; and the kernels of the ops within segments against the definitions of these,
-- where segments are long. Short ones are in ops_spec.lua.
require "spec.support.close"
local each_kernels = require "spec.support.each_kernels"
local refused = require("spec.support.refused").with_pattern
local serving = require "spec.support.serving"
local single = require "cmml"

local core, double = single.core, single.double

describe("segments", function()
  it("know the place of each row", function()
    assert.same({ 1, 2, 3, 1, 1, 2 }, core.segments({ 3, 0, 1, 2 }):places():totable())
    assert.same({}, core.segments({ 0, 0 }):places():totable())
    assert.same({}, core.segments({}):places():totable())
  end)

  it("give their latest rows, in order, and segments over these", function()
    local segments = core.segments { 3, 0, 1, 4 }
    for n, expected in pairs { [0] = { {}, { 0, 0, 0, 0 } }, { { 3, 4, 8 }, { 1, 0, 1, 1 } },
      { { 2, 3, 4, 7, 8 }, { 2, 0, 1, 2 } }, [4] = { { 1, 2, 3, 4, 5, 6, 7, 8 }, { 3, 0, 1, 4 } },
      [math.maxinteger] = { { 1, 2, 3, 4, 5, 6, 7, 8 }, { 3, 0, 1, 4 } } } do
      local rows, shorter = core.latest_rows(segments, n)
      assert.same(expected, { rows:totable(), shorter:totable() })
    end
    local rows, shorter = core.latest_rows(core.segments {}, 3)
    assert.same({ 0, 0 }, { #rows, #shorter })
    refused("#2.*a number of rows of at least 0", core.latest_rows, segments, -1)
    refused("#2", core.latest_rows, segments, 1.5)
    refused("#1.*Segments", core.latest_rows, core.ids { 1 }, 1)
  end)

  it("give the last row of each, which is 0 where there is none", function()
    local last = core.last_rows(core.segments { 3, 0, 1 })
    assert.same({ 3, 0, 4 }, last:totable())
    local x = single.tensor { { 1 }, { 2 }, { 3 }, { 4 } }
    assert.same({ { 3 }, { 0 }, { 4 } }, x:embedding(last):totable())
    assert.same({}, core.last_rows(core.segments {}):totable())
    refused("#1.*Segments", core.last_rows, core.ids { 1 })
  end)

  it("are calls of a frozen graph", function()
    local table_ = core.normal({ 24, 4 }, 0, 1, { seed = 1 })
    local places = core.normal({ 3, 4 }, 0, 1, { seed = 2 })
    local encoder = single.sequence_encoder { width = 4, inner = 8, length = 3,
      init = single.nn.init(1) }
    local function scores(x)
      local rows, own = core.latest_rows(x["support.segments"], 3)
      local h = table_:gather_rows(x["support.items"]):gather_rows(rows)
        + places:gather_rows(own:places())
      h = h:segment_attention(h, h, nil, own, 2, true)
      h = encoder(h + h:segment_mix(h, h, own, own), own)
      local user = h:embedding(core.last_rows(own)):gather_rows(x.segments:groups())
      return user:row_dot(table_:gather_rows(x.items))
    end
    local function inputs_of(n, m)
      local function items(count)
        local list = {}
        for i = 1, count do
          list[i] = (i * 7) % 24 + 1
        end
        return core.ids(list)
      end
      return { ["support.items"] = items(n), ["support.segments"] = core.segments { n },
        items = items(m), segments = core.segments { m } }
    end
    local of = serving.graph.of(function(size)
      local inputs = inputs_of(({ 3, 7, 2, 0 })[size], ({ 5, 4, 9, 1 })[size])
      local named = {}
      for _, name in ipairs { "support.items", "support.segments", "items", "segments" } do
        named[#named + 1] = { name, inputs[name] }
      end
      return named, function()
        return { scores = scores(inputs) }
      end
    end)
    local list, names, tables = serving.programs.of(serving.rewrite.of(of), 24)
    for _, sizes in ipairs { { 0, 3 }, { 1, 1 }, { 2, 9 }, { 3, 2 }, { 9, 24 } } do
      local inputs = inputs_of(table.unpack(sizes))
      local expected = scores(inputs)
      local written = { shape = expected.shape, data = expected:totable() }
      assert.near_tensor(written, serving.graph.compute(of, inputs).scores, 1e-6)
      assert.near_tensor(written,
        serving.programs.compute(list, names, tables, inputs, 24).scores, 1e-6)
    end
  end)
end)

-- Result and gradients of an op against its definition.
local function compare(library, tolerance, inputs, f, expected, name)
  local out, written = f(), expected()
  local probe = library.uniform(out.shape, -1, 1, { seed = 4 })
  local function near(a, b, what)
    local off = (a - b):abs():max():item()
    assert.is_true(off <= tolerance * (1 + b:abs():max():item()),
      ("%s, %s: %g"):format(name, what, off))
  end
  near(out, written, "result")
  local found = library.grad((out * probe):sum(), inputs)
  for i, gradient in ipairs(library.grad((written * probe):sum(), inputs)) do
    near(found[i], gradient, "gradient " .. i)
  end
end

local function drawn(library, shapes)
  local inputs = {}
  for i, shape in ipairs(shapes) do
    inputs[i] = library.normal(shape, 0, 1, { seed = 3, stream = i }):track()
  end
  return inputs
end

describe("segment_attention", function()
  it("is its definition for segments of any length", function()
    local lengths = { 1, 15, 16, 17, 63, 0, 64, 65, 150, 3 }
    local valid = { 1, 9, 16, 3, 60, 0, 64, 64, 70, 0 }
    for library, tolerance in pairs { [single] = 2e-5, [double] = 1e-12 } do
      each_kernels(library.core, function(name)
        local segments = library.core.segments(lengths)
        local n = segments:rows()
        local x = drawn(library, { { n, 6 }, { n, 6 }, { n, 10 }, { n, 5 } })
        for use = 0, 3 do
          local options = table.pack(segments, 2, use & 1 == 1, 0.5,
            use & 2 == 2 and library.core.segments(valid) or nil, use // 2 * 0.25, 9, 1, use)
          local inputs = { table.unpack(x, 1, use == 3 and 3 or 4) }
          local function call(f, ...)
            return f(x[1], x[2], x[3], inputs[4], ...)
          end
          compare(library, tolerance, inputs, function()
            return call(library.core.segment_attention, table.unpack(options, 1, 9))
          end, function()
            return call(function(...)
              return library.core.testing.apply_expanded("segment_attention", ...)
            end, table.unpack(options, 1, 9))
          end, ("%s, use %d"):format(name, use))
        end
      end)
    end
  end)

  it("gives a sequence the same numbers whatever stands beside it", function()
    local x = drawn(single, { { 90, 8 }, { 90, 8 }, { 90, 8 } })
    local all = core.segment_attention(x[1], x[2], x[3], nil, core.segments { 7, 80, 3 }, 2, true)
    local part = {}
    for i = 1, 3 do
      part[i] = x[i]:slice(1, 8, 87)
    end
    local one = core.segment_attention(part[1], part[2], part[3], nil, core.segments { 80 }, 2,
      true)
    assert.equal(all:slice(1, 8, 87):tobytes(), one:tobytes())
    -- and a prefix is the prefix of the whole
    for i = 1, 3 do
      part[i] = part[i]:slice(1, 1, 70)
    end
    local prefix = core.segment_attention(part[1], part[2], part[3], nil, core.segments { 70 }, 2,
      true)
    assert.is_true((one:slice(1, 1, 70) - prefix):abs():max():item() < 1e-6)
  end)
end)

describe("segment_mix", function()
  it("is a product with the sum of outer products of the other side", function()
    for library, tolerance in pairs { [single] = 2e-5, [double] = 1e-12 } do
      each_kernels(library.core, function(name)
        for _, width in ipairs { 3, 40 } do
          local rows = library.core.segments { 8, 0, 50, 1, 30 }
          local others = library.core.segments { 200, 5, 300, 1, 0 }
          local x = drawn(library, { { 89, width }, { 506, width }, { 506, 20 } })
          compare(library, tolerance, x, function()
            return x[1]:segment_mix(x[2], x[3], rows, others)
          end, function()
            return x[1]:segment_matmul(x[2]:segment_outer(x[3], others), rows)
          end, ("%s, width %d"):format(name, width))
        end
      end)
    end
  end)
end)

describe("segment_mix_add", function()
  it("is its definition for segments of any length, of one part and of several", function()
    local lengths, other_lengths, n, others = {}, {}, 0, 0
    for i = 0, 20 do
      lengths[i + 1], other_lengths[i + 1] = i, (i * 13 + 5) % 22
      n, others = n + lengths[i + 1], others + other_lengths[i + 1]
    end
    for library, tolerance in pairs { [single] = 2e-5, [double] = 1e-12 } do
      each_kernels(library.core, function(name)
        local segments = { library.core.segments(lengths), library.core.segments(other_lengths) }
        for _, width in ipairs { 3, 16, 50, 70 } do
          for _, parts in ipairs { 1, 3 } do
            local shapes = { { n, 18 }, { n, width } }
            for _ = 1, parts do
              table.move({ { others, width }, { others, 18 } }, 1, 2, #shapes + 1, shapes)
            end
            local x = drawn(library, shapes)
            local options = { { table.unpack(x, 3) }, x[1], x[2], segments[1], segments[2], -0.5,
              1 }
            compare(library, tolerance, x, function()
              return library.core.segment_mix_add(table.unpack(options))
            end, function()
              return library.core.testing.apply_expanded("segment_mix_add", table.unpack(options))
            end, ("%s, width %d, %d parts"):format(name, width, parts))
          end
        end
      end)
    end
  end)

  it("gives a segment the same numbers whatever stands beside it", function()
    local x = drawn(single, { { 20, 70 }, { 20, 70 }, { 20, 70 } })
    local all = core.segments { 3, 11, 6 }
    local found = core.segment_mix_add({ x[1], x[2] }, x[3], x[1], all, all, 0.5, 1)
    for s, from in ipairs { 1, 4, 15 } do
      local to = from + all:totable()[s] - 1
      local function part(i)
        return x[i]:slice(1, from, to)
      end
      local own = core.segments { to - from + 1 }
      local alone = core.segment_mix_add({ part(1), part(2) }, part(3), part(1), own, own, 0.5, 1)
      assert.equal(found:slice(1, from, to):tobytes(), alone:tobytes())
    end
  end)
end)
