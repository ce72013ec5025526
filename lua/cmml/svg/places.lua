--- Where labels fit: rectangles that are taken, and a place beside a point that is free.
--
-- @module cmml.svg.places
local Places = {}
Places.__index = Places

--- Nothing is taken yet.
-- @tparam table box left, right, top, bottom: labels stay within
-- @treturn Places
function Places.new(box)
  return setmetatable({ box = box, list = {} }, Places)
end

--- Takes a rectangle.
-- @tparam number left
-- @tparam number top
-- @tparam number right
-- @tparam number bottom
function Places:add(left, top, right, bottom)
  self.list[#self.list + 1] = { left, top, right, bottom }
end

local function is_free(self, left, top, right, bottom)
  local box = self.box
  if left < box.left or right > box.right or top < box.top or bottom > box.bottom then
    return false
  end
  for _, r in ipairs(self.list) do
    if left < r[3] and right > r[1] and top < r[4] and bottom > r[2] then
      return false
    end
  end
  return true
end

--- Takes a rectangle if all of it is free.
-- @tparam number left
-- @tparam number top
-- @tparam number right
-- @tparam number bottom
-- @treturn boolean whether it was
function Places:take(left, top, right, bottom)
  local free = is_free(self, left, top, right, bottom)
  if free then
    self:add(left, top, right, bottom)
  end
  return free
end

-- Where a label may stand, best first: share of its width and of its height from the point, and
-- the distance in both directions.
local beside = { { 0, 0.5, 7, 0 }, { -1, 0.5, -7, 0 }, { -0.5, 0, 0, -7 }, { -0.5, 1, 0, 7 },
  { 0, 0, 5, -5 }, { -1, 0, -5, -5 }, { 0, 1, 5, 5 }, { -1, 1, -5, 5 } }

--- Takes a free place for a label beside a point.
-- @tparam number x
-- @tparam number y
-- @tparam number width of the label
-- @tparam number size of its letters
-- @treturn ?number where it begins; nil if there is no room
-- @treturn ?number its base line
function Places:label(x, y, width, size)
  for _, way in ipairs(beside) do
    local left = x + way[1] * width + way[3]
    local bottom = y + way[2] * size + way[4]
    if self:take(left, bottom - size, left + width, bottom + 2) then
      return left, bottom - size * 0.12
    end
  end
  return nil
end

return Places
