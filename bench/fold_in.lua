--- Kinds that fold people in beside numpy and the Python library `implicit`: how far scores of
-- people never seen are apart, and what fitting and folding in take.
--
--     lua5.4 bench/fold_in.lua --data ml-1m [--python python3]
local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/?.lua;" .. package.path

local cmml = require "cmml"
local program = require "program"
local core = cmml.core

local values = program.options("fold_in.lua",
  "usage: lua5.4 bench/fold_in.lua --data DIR [OPTIONS]", {
  { name = "data", kind = "string", arg = "DIR", required = true,
    help = "folder in the format of MovieLens-1M" },
  { name = "python", kind = "string", arg = "FILE", default = "python3",
    help = "a Python that has `implicit` (pip install implicit==0.7.3)" },
  { name = "ridge", kind = "number", default = 2000, help = "of EASE" },
})

-- Whatever is compared, as {name of its file, kind, options}.
local compared = {
  { "ease", "ease", { ridge = values.ridge } }, { "ials", "ials", {} },
  { "cosine", "item_knn_implicit", { weighting = "cosine", nearest = 1000000 } },
  { "tfidf", "item_knn_implicit", { weighting = "tfidf", nearest = 1000000 } },
  { "bm25", "item_knn_implicit", { weighting = "bm25", nearest = 1000000 } },
  { false, "item_knn_implicit", {} }, { false, "slim", {} }, { false, "popularity", {} },
}

local folder = os.tmpname()
os.remove(folder)
assert(core.mkdir(folder))

local function write(name, ...)
  local file = assert(io.open(folder .. "/" .. name, "wb"))
  for _, tensor in ipairs { ... } do
    assert(file:write(tensor:tobytes()))
  end
  file:close()
end

-- Row and column of each entry of a sparse matrix, from 0.
local function write_matrix(name, matrix)
  write(name, core.tensor(matrix.rows:groups():totable()) - 1,
    core.tensor(matrix.columns:totable()) - 1)
end

local dataset = assert(cmml.movielens(values.data, { item_fields = {}, user_fields = {} }))
local data = assert(cmml.cold_users(dataset, { test_users = 0.2, valid = 0 }))
local learnable = cmml.settings:get("users").learnable(data)
local taken = cmml.users.interactions(data.catalogue, learnable)
local support = core.draw_tasks(data.all, core.ids(data.test), { seed = 1, support = 40,
  query = 10 })
local n, people = #data.catalogue.items, #data.test
print(("# %d interactions of %d people, %d items; %d people are folded in"):format(#taken.columns,
  #taken.rows, n, people))
write_matrix("train", taken)
write_matrix("support", core.sparse(support.segments:groups(), support.items,
  cmml.users.weights(data.catalogue, support.labels), people, n))

for _, one in ipairs(compared) do
  local name, kind, given = table.unpack(one)
  local model = cmml.recommenders[kind](data.catalogue, given)
  local began = os.clock()
  model:fit(learnable)
  local fitted = os.clock()
  local scores = model:score_all(model:state_of(support))
  local folded = os.clock()
  print(("%-40s fit %.2f s, %.0f us for a person folded in with the scores of all items"):format(
    kind .. (name and name ~= kind and ", " .. name .. ", all neighbours" or ""), fitted - began,
    (folded - fitted) / people * 1e6))
  if name then
    write(name, scores)
    if model.vectors then
      write("vectors", model.vectors)
    end
  end
end

local ials = cmml.recommenders.ials(data.catalogue).options
local ok = os.execute(("%s %s/peers/fold_in.py %s %d %d %d %.17g %.17g %.17g %d"):format(
  values.python, here, folder, #taken.rows, people, n, values.ridge, ials.alpha,
  ials.regularization, ials.factors))
for _, name in ipairs { "train", "support", "ease", "ials", "cosine", "tfidf", "bm25",
  "vectors" } do
  os.remove(folder .. "/" .. name)
end
os.remove(folder)
os.exit(ok and 0 or 1, true)
