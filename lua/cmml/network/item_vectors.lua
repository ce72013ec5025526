--- Vectors of items for networks over sequences: learnt ones by id, ones made of content features,
-- or the sum of both; and ones made of random numbers, which what features know is measured by.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local raise = args.error

local known = declare("item_vectors", {
  { name = "items", kind = "any", required = true, help = "items of a catalogue (Side)" },
  { name = "reads", list = "string", default = { "ids" },
    help = "what vectors are made of: ids, names of content features, or random, numbers that say "
      .. "nothing of an item but which one it is" },
  (require "cmml.network.learn_features_option"),
  { name = "width", kind = "integer", from = 1, required = true, help = "width of a vector" },
  (require "cmml.nn.init_option"),
})

-- The draw of random numbers, which models of all seeds have in common: no file keeps them.
local random_seed = 1

-- Standard deviation of the first values (that of BERT, which SASRec's authors and MML take).
local start = 0.02

return function(cmml, use)
  use "nn.module"
  local nn, core = cmml.nn, cmml.core
  local ItemVectors = nn.class "cmml.ItemVectors"

  -- The places of fields among those of a side.
  local function places_of(side, names)
    local by_name, places = {}, {}
    for i, name in ipairs(side:field_names()) do
      by_name[name] = i
    end
    for i, name in ipairs(names) do
      places[i] = by_name[name] or raise(("item_vectors: the items have no field %s; %s"):format(
        args.shown(name), args.suggest(name, side:field_names())), 3)
    end
    return places
  end

  -- The bags of some fields, and for each whether a row has no value [rows, fields].
  local function bags_of(side, places)
    local bags, of_ids, marks, n = {}, {}, {}, #side
    for i, place in ipairs(places) do
      bags[i] = side.bags[place]
      of_ids[#of_ids + 1] = not bags[i].values and bags[i] or nil
      local lengths = bags[i].segments and bags[i].segments:totable()
        or bags[i].ids and bags[i].ids:totable()
      for row = 1, n do
        marks[(row - 1) * #places + i] = lengths and lengths[row] == 0 and 1 or 0
      end
    end
    bags.merged = #of_ids > 0 and core.merge_bags(of_ids) or nil
    return bags, n > 0 and core.tensor(marks):reshape { n, #places }
      or core.full({ 0, #places }, 0)
  end

  -- Makes parameters of the numbers of fields.
  local function learn_numbers(self)
    for i, bag in ipairs(self.bags) do
      if bag.values then
        self.bags[i] = { values = self:register(("values%d"):format(i), bag.values:clone()) }
      end
    end
  end

  --- Vectors of items: `ids` has one for each item, which is learnt; a content feature adds what a
  -- linear map makes of its numbers, or the mean of the vectors of its values. An item without a
  -- feature gets a vector that stands for all such. `random` adds a linear map of numbers from N(0,
  -- 1) that are drawn once, `width` for each item. Initial values: N(0, 0.02^2).
  -- @tparam table options see below
  -- @treturn ItemVectors with `of` and `all`; children ids (an embedding), random, fields, missing
  function cmml.item_vectors(options)
    local opt = known:check(options)
    local self, names = ItemVectors.new(), {}
    local init = opt.init or nn.default_init
    local function normal(shape)
      return cmml.no_grad(core.mul, init.normal(shape), start)
    end
    local scaled = { normal = normal, uniform = function(shape)
      return normal(shape)
    end }
    self.width = opt.width
    for _, name in ipairs(opt.reads) do
      if name == "ids" then
        self:register("ids", nn.embedding { size = #opt.items, width = opt.width, init = scaled })
      elseif name == "random" then
        self:register("random", nn.linear { inp = opt.width, out = opt.width, init = scaled })
        local noise = core.keep(core.normal({ #opt.items, opt.width }, 0, 1, { seed = random_seed,
          stream = core.streams.init }))
        self.noise = opt.learn_features and self:register("noise", noise) or noise
      else
        names[#names + 1] = name
      end
    end
    self.count = #opt.items
    if #names > 0 then
      local places, fields = places_of(opt.items, names), {}
      local sizes = opt.items:sizes()
      for i, place in ipairs(places) do
        fields[i] = sizes[place]
      end
      self.names, self.places = names, places
      self:register("fields", nn.field_embedding { fields = fields, width = opt.width,
        init = scaled })
      self:register("missing", core.full({ #names, opt.width }, 0))
      self:over(opt.items)
      if opt.learn_features then
        learn_numbers(self)
      end
    elseif not self.ids and not self.random then
      raise("item_vectors: reads is empty: items have no vectors", 2)
    end
    return self
  end

  --- Takes the content features of other items, for the same weights; learnt numbers are those of
  -- the items that they were learnt for.
  -- @tparam Side items
  -- @treturn ItemVectors itself
  function ItemVectors:over(items)
    if self.names then
      self.bags, self.marks = bags_of(items, self.places)
    end
    self.count = #items
    return self
  end

  -- What content features make of some items, or of all.
  local function of_fields(self, items)
    local e = self.fields(self.names, self.bags, items)
    if #self.names > 1 then
      e = e:reshape { -1, #self.names, self.width }:sum(2)
    end
    local marks = items and core.embedding(self.marks, items) or self.marks
    return e + marks:matmul(self.missing)
  end

  -- The sum of those that are there.
  local function sum(...)
    local total
    for i = 1, 3 do
      local part = select(i, ...)
      total = total and part and total + part or total or part
    end
    return total
  end

  --- The vectors of some items.
  -- @tparam Ids items an item that is there several times costs as much each time
  -- @treturn Tensor [#items, width]
  function ItemVectors:of(items)
    return sum(self.ids and core.embedding(self.ids.weight, items),
      self.random and self.random(core.embedding(self.noise, items)),
      self.names and of_fields(self, items))
  end

  --- The vectors of all items.
  -- @tparam[opt] Tensor kept [items]: 1 for items whose vector by id counts, 0 for others; default:
  -- all
  -- @treturn Tensor [items, width]
  function ItemVectors:all(kept)
    local e = self.ids and self.ids.weight
    return sum(e and kept and e * kept:reshape { -1, 1 } or e, self.random
      and self.random(self.noise), self.names and of_fields(self))
  end
end
