--- Vectors of texts: their words by tf-idf, in the directions in which these vary most.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local sets = require "cmml.base.options"
local shared = require "cmml.base.shared_options"
local words = require "cmml.data.words"
local raise = args.error

local known = sets.declare("data.text_vectors", {
  { name = "width", kind = "integer", default = 64, from = 1, to = 4096,
    help = "number of dims of a vector; those behind the number of texts or words are 0" },
  { name = "min_count", kind = "integer", default = 2, from = 1, unit = "texts",
    help = "words that fewer texts have do not count" },
  { name = "limit", kind = "integer", default = 20000, from = 1, unit = "words",
    help = "number of words that count: those that most texts have" },
  sets.changed(shared.seed, { help = "seed of the directions that the search begins with" }),
})

return function(cmml, use)
  local core = cmml.core
  local directions = use "vectors.directions"
  local tf_idf = use "vectors.tf_idf"

  -- How often each text has each word: by text a table of word to number, and in how many texts
  -- each word is.
  local function count(texts)
    local vocab, of_text, in_texts = core.vocab(), {}, {}
    for i, text in ipairs(texts) do
      if type(text) ~= "string" then
        raise(("data.text_vectors: text %d is %s, not a text"):format(i, args.describe(text)), 3)
      end
      local counts = {}
      for _, word in ipairs(words.of(text)
        or raise(("data.text_vectors: text %d is not valid UTF-8"):format(i), 3)) do
        local id = vocab:add(word)
        in_texts[id] = (in_texts[id] or 0) + (counts[id] and 0 or 1)
        counts[id] = (counts[id] or 0) + 1
      end
      of_text[i] = counts
    end
    return of_text, in_texts
  end

  -- The column of each word that counts, and how many there are. Of words that as many texts have
  -- those count that came first.
  local function choose(in_texts, opt)
    local list, columns = {}, {}
    for id, n in ipairs(in_texts) do
      list[#list + 1] = n >= opt.min_count and id or nil
    end
    plain.sort(list, function(a, b)
      if in_texts[a] ~= in_texts[b] then
        return in_texts[a] > in_texts[b]
      end
      return a < b
    end)
    for column = 1, math.min(opt.limit, #list) do
      columns[list[column]] = column
    end
    return columns, math.min(opt.limit, #list)
  end

  -- Adds the counts of a text to the entries of the matrix. Gives whether there are any.
  local function add_counts(entries, row, counts, columns)
    local any = false
    for id, n in pairs(counts) do
      if columns[id] then
        local at = #entries.rows + 1
        entries.rows[at], entries.columns[at], entries.counts[at] = row, columns[id], n
        any = true
      end
    end
    return any
  end

  -- The directions with the sign by which the largest entry of each is positive.
  local function signed(axes)
    local largest = {}
    for _, row in ipairs(axes:totable()) do
      for d, value in ipairs(row) do
        if math.abs(value) > math.abs(largest[d] or 0) then
          largest[d] = value
        end
      end
    end
    for d = 1, axes.shape[2] do
      largest[d] = (largest[d] or 0) < 0 and -1 or 1
    end
    return axes * core.tensor(largest)
  end

  --- Vectors of texts, by tf-idf and a truncated SVD (latent semantic analysis). A word that a text
  -- has n times counts 1 + log n, times log((1 + texts) / (1 + texts that have it)) + 1; each text
  -- is scaled to length 1, and multiplied with the right singular vectors of the largest singular
  -- values of the matrix of all texts, so that the first dims vary most. What a word is says
  -- `data.schema` of fields of kind text.
  -- @tparam {string,...} texts
  -- @tparam[opt] table options see below
  -- @treturn Tensor [#texts, width]
  -- @treturn {integer,...} the texts that have no word that counts, whose vectors are 0
  -- @treturn integer how many words count
  -- @usage
  -- local vectors, without = cmml.data.text_vectors({
  --   "a red fox", "the red hen",
  --   "a fox and a hen", "" }, { width = 2 })
  -- print(vectors.shape[1], vectors.shape[2], #without) --> 4	2	1
  function cmml.data.text_vectors(texts, options)
    args.expect("data.text_vectors: texts", texts, "table")
    args.list("data.text_vectors: texts", texts)
    local opt = known:check(options)
    local of_text, in_texts = count(texts)
    local columns, n_words = choose(in_texts, opt)
    local entries, without = { rows = {}, columns = {}, counts = {} }, {}
    for row, counts in ipairs(of_text) do
      without[#without + 1] = not add_counts(entries, row, counts, columns) and row or nil
    end
    if #entries.rows == 0 then
      return core.full({ #texts, opt.width }, 0), without, n_words
    end
    local x = tf_idf.of(core.sparse(core.ids(entries.rows), core.ids(entries.columns),
      core.tensor(entries.counts), #texts, n_words), #texts, n_words)
    local axes = directions.of(x, opt.width, opt.seed)
    local vectors = core.sparse_product(x.by_user, signed(axes))
    local rest = opt.width - vectors.shape[2]
    return rest > 0 and core.concat { vectors, core.full({ #texts, rest }, 0) } or vectors, without,
      n_words
  end
end
