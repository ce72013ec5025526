-- Progress of a training: plain lines in files and pipes, one that renews itself on a terminal.
local progress = require "cmml.base.progress"

describe("progress.duration", function()
  it("shows seconds, minutes and hours", function()
    for seconds, text in pairs { [0] = "0:00", [7.4] = "0:07", [59.6] = "1:00", [201] = "3:21",
      [3599.4] = "59:59", [3600] = "1:00:00", [3910] = "1:05:10", [360000] = "100:00:00" } do
      assert.equal(text, progress.duration(seconds))
    end
  end)
end)

describe("progress.training", function()
  -- What is written to standard error while a function runs with the callbacks.
  local function shown(columns, epochs, f)
    local now, parts, stderr = 100, {}, io.stderr
    local core = { terminal = function(name)
      assert.equal("stderr", name)
      return columns
    end, clock = function()
      return now
    end }
    rawset(io, "stderr", { write = function(_, ...)
      parts[#parts + 1] = table.concat { ... }
    end })
    local ok, message = pcall(function()
      f(progress.training(core, epochs), function(seconds)
        now = now + seconds
      end)
    end)
    rawset(io, "stderr", stderr)
    assert(ok, message)
    return parts
  end

  local state = { epoch = 2, loss = 1.25, mae = 0.7512, ndcg = 0.73456, seconds = 12.34 }

  it("writes a line an epoch where there is no terminal", function()
    local parts = shown(nil, 30, function(show, wait)
      for step = 1, 5 do
        wait(1)
        show.on_step(2, step, 5, 1.5)
      end
      local metrics = { { "mae", "mae", shown = true }, { "rmse", "rmse" },
        { "ndcg", "ndcg_exp@1", shown = true } }
      show.on_epoch(state, true, metrics)
      show.on_epoch(state, false, metrics)
    end)
    local line = "epoch 2/30  loss 1.2500  valid mae 0.7512  ndcg_exp@1 0.7346  12.3 s"
    assert.same({ line .. "  best\n", line .. "\n" }, parts)
  end)

  it("renews a line on a terminal, with rate and time left", function()
    local parts = shown(200, 3, function(show, wait)
      for step = 1, 10 do
        wait(0.5)
        show.on_step(1, step, 10, 1.5)
      end
      show.on_epoch(state, false)
    end)
    assert.equal(11, #parts)
    -- 4 steps in 2 s; 26 of 30 are left
    assert.equal("\repoch 1/3  step 4/10  loss 1.5000  2 steps/s  0:13 left\27[K", parts[4])
    assert.equal("\r\27[Kepoch 2/3", parts[11]:sub(1, 13))
  end)

  it("counts from the epoch that a resumed run begins with", function()
    local parts = shown(200, 5, function(show, wait)
      wait(2)
      show.on_step(4, 4, 10, 1.5)
    end)
    assert.equal("\repoch 4/5  step 4/10  loss 1.5000  2 steps/s  0:08 left\27[K", parts[1])
  end)

  it("never fills the line, and does not write at every step", function()
    local parts = shown(30, 3, function(show, wait)
      for step = 1, 1000 do
        wait(0.001)
        show.on_step(1, step, 1000, 1.5)
      end
    end)
    assert.truthy(#parts >= 5 and #parts <= 20, #parts)
    for _, text in ipairs(parts) do
      assert.truthy(#text:match "^\r(.*)\27%[K$" < 30)
    end
    assert.truthy(parts[#parts]:find("step 1000", 1, true))
  end)
end)
