-- Vocabularies: raw ids to numbers and back.
local core = require "cmml.core"
local refused = require "spec.support.refused"

describe("a vocabulary", function()
  it("numbers keys in the order of appearance", function()
    local vocab = core.vocab()
    assert.equal(0, #vocab)
    assert.equal(1, vocab:add "b")
    assert.equal(2, vocab:add "a")
    assert.equal(1, vocab:add "b")
    assert.equal(3, vocab:add "a\0")
    assert.equal(3, #vocab)
    assert.equal(2, vocab:id "a")
    assert.is_nil(vocab:id "c")
    assert.equal("a\0", vocab:text(3))
  end)

  it("cuts the blanks around ids, and compares the rest exactly", function()
    local vocab = core.vocab()
    assert.equal(1, vocab:add " War and Peace\t\r\n")
    assert.equal("War and Peace", vocab:text(1))
    assert.equal(1, vocab:id "\vWar and Peace\f ")
    assert.is_nil(vocab:id "war and peace")
    assert.is_nil(vocab:id "War  and Peace")
    assert.equal(2, vocab:add "007")
    assert.is_nil(vocab:id(7))
    assert.same({ 1, 2 }, vocab:ids({ "War and Peace ", " 007" }):totable())
  end)

  it("takes 25, 25.0 and '25' for one id", function()
    local vocab = core.vocab()
    assert.equal(1, vocab:add(25))
    assert.equal(1, vocab:add(25.0))
    assert.equal(1, vocab:add "25")
    assert.equal("25", vocab:text(1))
    assert.equal(2, vocab:add "2.5")
    assert.equal(3, vocab:add(-0.0))
    assert.equal("0", vocab:text(3))
    assert.equal(4, vocab:add(2.0 ^ 53))
    assert.equal("9007199254740992", vocab:text(4))
    assert.equal(5, vocab:add(math.mininteger))
    assert.equal("-9223372036854775808", vocab:text(5))
  end)

  it("agrees with a Lua table on many keys of all lengths", function()
    local vocab, expected, n = core.vocab(), {}, 0
    math.randomseed(7)
    for _ = 1, 50000 do
      local key = ("%x"):format(math.random(0, 20000)):rep(math.random(1, 9))
      if not expected[key] then
        n = n + 1
        expected[key] = n
      end
      assert.equal(expected[key], vocab:add(key))
    end
    assert.equal(n, #vocab)
    for key, id in pairs(expected) do
      assert.equal(id, vocab:id(key))
      assert.equal(key, vocab:text(id))
    end
  end)

  it("looks up lists, 0 for what is unknown", function()
    local vocab = core.vocab()
    vocab:add "x"
    vocab:add(7)
    local ids = vocab:ids { 7.0, "y", "x" }
    assert.same({ 2, 0, 1 }, ids:totable())
    assert.equal(2, #vocab)
  end)

  it("refuses keys and numbers that cannot be", function()
    local vocab = core.vocab()
    vocab:add "x"
    local function raises(part, f)
      local ok, message = pcall(f)
      assert.is_false(ok)
      assert.truthy(message:find(part, 1, true), message)
    end
    raises("must be a string or a number, not boolean", function()
      vocab:add(true)
    end)
    raises("must be a string or a number, not nil", function()
      vocab:id(nil)
    end)
    for _, number in ipairs { 0 / 0, math.huge, -math.huge, 2.5, -1e-300, 2.0 ^ 53 + 2 } do
      for _, method in ipairs { "add", "id" } do
        raises("is not an id: numbers must be whole, and floats at most 2^53", function()
          vocab[method](vocab, number)
        end)
      end
      raises("is not an id", function()
        vocab:ids { "x", number }
      end)
    end
    for _, empty in ipairs { "", " ", "\t\r\n" } do
      for _, method in ipairs { "add", "id" } do
        raises(method .. ": an id must not be empty", function()
          vocab[method](vocab, empty)
        end)
      end
    end
    raises('"a\\xff" is not valid UTF-8', function()
      vocab:add "a\xFF"
    end)
    for _, id in ipairs { 0, 2, -1, math.maxinteger } do
      raises("of a vocabulary of 1", function()
        vocab:text(id)
      end)
    end
    assert.equal(1, #vocab)
  end)

  it("goes through a file and back", function()
    local vocab = core.vocab()
    for _, key in ipairs { "drama", "com\u{E9}die", "25" } do
      vocab:add(key)
    end
    local bytes, offsets = vocab:export()
    assert.equal("dramacom\u{E9}die25", bytes)
    assert.same({ 0, 5, 13, 15 }, offsets)
    local again = core.vocab(bytes, offsets)
    assert.equal(3, #again)
    assert.equal(2, again:id "com\u{E9}die")
    assert.equal(4, again:add "new")
    assert.equal(3, #vocab)
    -- files of earlier versions may have texts that are no ids now
    local old = core.vocab("a  a", { 0, 1, 1, 2, 4 })
    assert.equal("", old:text(2))
    assert.same({ 1, 2, 3, 4, 1 }, old:ids({ "a", "", " ", " a", "a " }):totable())
    assert.equal(0, #core.vocab("", { 0 }))
  end)

  it("is not made from data that fit no vocabulary", function()
    local function fails(part, bytes, offsets)
      refused.with_message(part, core.vocab, bytes, offsets)
    end
    fails("begin with 0", "abc", {})
    fails("begin with 0", "abc", { 1, 3 })
    fails("offsets 2 to 1", "abc", { 0, 2, 1, 3 })
    fails("offsets 0 to -1", "abc", { 0, -1, 3 })
    fails("offsets 1 to 4 of 3 bytes", "abc", { 0, 1, 4 })
    fails("offsets 0 to " .. math.maxinteger, "abc", { 0, math.maxinteger })
    fails("end at 2 of 3 bytes", "abc", { 0, 2 })
    fails('the text "a" twice', "aba", { 0, 1, 2, 3 })
    fails('"\\xc3" is not valid UTF-8', "\u{E9}", { 0, 1, 2 })
  end)

  it("raises after it was closed", function()
    local vocab = core.vocab()
    do
      local closing <close> = vocab
      closing:add "x"
    end
    local ok, message = pcall(vocab.id, vocab, "x")
    assert.is_false(ok)
    assert.truthy(message:find("released", 1, true), message)
    assert.equal("[cmml.Vocab released]", tostring(vocab))
  end)

  it("stays whole when memory fails at any allocation, and leaks nothing", function()
    collectgarbage()
    collectgarbage()
    local blocks, failures = core.memory().blocks, 0
    for n = 0, 200 do
      core.testing.fail_allocation_after(n)
      local vocab
      local ok, message = pcall(function()
        vocab = core.vocab()
        for i = 1, 100 do
          vocab:add("key" .. i)
        end
      end)
      core.testing.fail_allocation_after()
      if vocab then
        for i = 1, #vocab do
          assert.equal(i, vocab:id("key" .. i))
        end
        assert.is_nil(vocab:id("key" .. #vocab + 1))
        do
          local _ <close> = vocab
        end
      end
      assert.equal(blocks, core.memory().blocks)
      if ok then
        break
      end
      failures = failures + 1
      assert.truthy(message:find("out of memory", 1, true), message)
    end
    assert.truthy(failures >= 5 and failures < 200)
  end)
end)
