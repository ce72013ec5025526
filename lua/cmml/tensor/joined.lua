--- Matrices whose columns are joined from parts, of which some repeat the rows of a small table: a
-- user's vector on every row of the user's task, an item's on every row that speaks of it.
--
-- An affine map of such a matrix costs as much as its tables are large (`nn.linear` takes one like
-- a tensor). Where its result is only mapped on, not even that is written out: `map` gives a matrix
-- whose rows are sums of rows of smaller tables. What is to be read in another way is written out
-- with `tensor`.
--
-- @module cmml
local raise = require("cmml.base.args").error

return function(cmml)
  local core = cmml.core
  local Joined = { __name = "cmml.Joined" }
  Joined.__index = Joined

  local most = 4 -- parts that joined_linear takes

  --- A matrix of joined parts.
  -- @tparam table parts list of {table [n, width], ids, owners}: row r of the part is row ids[r] of
  -- its table, or row r where there are no ids. owners (Ids, if known): where each row of the table
  -- belongs to one task alone, the task
  -- @treturn Joined
  function cmml.joined(parts)
    if type(parts) ~= "table" or #parts == 0 then
      raise("joined: a list of parts {table, ids} was expected, at least one", 2)
    end
    for i, part in ipairs(parts) do
      if type(part) ~= "table" or not cmml.is_tensor(part[1]) or part[1].ndim ~= 2 then
        raise(("joined: part %d must be {table [n, width], ids}"):format(i), 2)
      end
    end
    return setmetatable({ parts = parts }, Joined)
  end

  --- A matrix as a tensor.
  -- @tparam Joined|Tensor x
  -- @treturn Tensor [rows, width]; x itself if it is one
  function cmml.written_out(x)
    return getmetatable(x) == Joined and x:tensor() or x
  end

  --- Whether a value is such a matrix.
  -- @param value
  -- @treturn boolean
  function cmml.is_joined(value)
    return getmetatable(value) == Joined
  end

  --- Its size.
  -- @treturn table {rows, width}
  function Joined:shape()
    local first, width = self.parts[1], 0
    for _, part in ipairs(self.parts) do
      width = self.summed and part[1].shape[2] or width + part[1].shape[2]
    end
    return { first[2] and #first[2] or first[1].shape[1], width }
  end

  --- The rows written out.
  -- @treturn Tensor [rows, width]
  function Joined:tensor()
    local columns = {}
    for i, part in ipairs(self.parts) do
      columns[i] = part[2] and core.gather_rows(part[1], part[2]) or part[1]
    end
    if not self.summed then
      local x = #columns == 1 and columns[1] or core.concat(columns)
      return self.scale and x * self.scale or x
    end
    local sum = columns[1]
    for i = 2, #columns do
      sum = sum + columns[i]
    end
    return sum
  end

  --- Says what an affine map of these rows gives, so that `linear` does not compute it again. No
  -- gradient goes through it.
  -- @tparam Tensor weight [out, width]
  -- @tparam ?Tensor bias [out]
  -- @tparam Tensor values [rows, out] x weight^T + bias of the rows x
  -- @treturn Joined itself
  function Joined:knowing(weight, bias, values)
    self.known = { weight = weight, bias = bias, values = values }
    return self
  end

  --- activation(x weight^T + bias) of the rows x.
  -- @tparam Tensor weight [out, width]
  -- @tparam ?Tensor bias [out]
  -- @tparam[opt] string activation default "identity"
  -- @treturn Tensor [rows, out]
  function Joined:linear(weight, bias, activation)
    local known = self.known
    if known and known.weight == weight and known.bias == bias then
      local is_done = not activation or activation == "identity"
      return is_done and known.values or core[activation](known.values)
    end
    local tables, ids = {}, {}
    for i, part in ipairs(self.parts) do
      tables[i], ids[i] = part[1], part[2]
    end
    if #tables > most then
      return core.linear(self:tensor(), weight, bias, activation)
    elseif self.scale then
      weight = weight * self.scale
    elseif self.summed then -- W (a + b) = [W | W] (a above b)
      local again = {}
      for i = 1, #tables do
        again[i] = weight
      end
      weight = core.concat(again, 2)
    end
    return core.joined_linear(tables, weight, bias, activation, ids[1], ids[2], ids[3], ids[4])
  end

  --- x weight^T + bias of the rows x, part by part: what repeats is mapped once, and the rows, sums
  -- of what the parts give, are written out nowhere.
  -- @tparam Tensor weight [out, width]
  -- @tparam ?Tensor bias [out]
  -- @treturn Joined of `out` columns, to be mapped on or written out; it cannot be scaled
  function Joined:map(weight, bias)
    local parts, column = {}, 1
    weight = self.scale and weight * self.scale or weight
    for i, part in ipairs(self.parts) do
      local width, own = part[1].shape[2], weight
      if not self.summed then
        own = core.slice(weight, 2, column, column + width - 1)
      end
      column = column + width
      parts[i] = { core.linear(part[1], own, i == #self.parts and bias or nil), part[2], part[3] }
    end
    return setmetatable({ parts = parts, summed = true }, Joined)
  end

  --- The element-wise product with rows of a table.
  -- @tparam Tensor table [n, width]
  -- @tparam Ids ids which of them each row is multiplied with: its task
  -- @treturn Joined; parts that repeat in the same way, or whose table's rows belong to one task
  -- each, are multiplied once for each row of their table. Rows that are kept (see `knowing`) are
  -- not multiplied with the row of a single task: the weights of maps are
  function Joined:scaled_by(table, ids)
    local parts, column, wanted = {}, 1, self:shape()[2]
    if self.summed then
      raise("scaled_by: the rows are sums of rows of tables: write them out with tensor", 2)
    elseif table.shape[2] ~= wanted then
      raise(("scaled_by: a table of %d columns was expected, not of %s"):format(wanted,
        tostring(table.shape[2])), 2)
    end
    if self.known and table.shape[1] == 1 and not self.scale then
      return setmetatable({ parts = self.parts, scale = table }, Joined)
    elseif self.scale then
      return cmml.joined({ { self:tensor() } }):scaled_by(table, ids)
    end
    for i, part in ipairs(self.parts) do
      local width = part[1].shape[2]
      local scale = core.slice(table, 2, column, column + width - 1)
      column = column + width
      -- equal ids may be of tables with other rows behind those that are named
      if part[2] == ids and part[1].shape[1] == table.shape[1] then
        parts[i] = { part[1] * scale, ids }
      elseif part[3] then
        parts[i] = { part[1] * core.gather_rows(scale, part[3]), part[2], part[3] }
      else
        local rows = part[2] and core.gather_rows(part[1], part[2]) or part[1]
        parts[i] = { rows * core.gather_rows(scale, ids) }
      end
    end
    return cmml.joined(parts)
  end
end
