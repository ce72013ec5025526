--- Three clouds of points whose places are known to other programs, too: plain sines.
local clouds = {}

local centres = { { 0, 0, 0, 0, 0 }, { 3, 1, 0, -2, 0.5 }, { -1, 2.5, 2, 0, -3 } }

--- Points of three groups in turn, with a spread that looks random: [n, width].
function clouds.points(core, n, width, spread)
  local list = {}
  for i = 0, n - 1 do
    for k = 0, width - 1 do
      list[#list + 1] = centres[i % 3 + 1][k % 5 + 1] * (k < 5 and 1 or 0.3)
        + (spread or 0.8) * math.sin(7.1 * i + 3.3 * k + i * k * 0.37)
    end
  end
  return core.tensor(list):reshape { n, width }
end

--- The group of each point.
function clouds.groups(n)
  local list = {}
  for i = 1, n do
    list[i] = ("group %d"):format((i - 1) % 3)
  end
  return list
end

return clouds
