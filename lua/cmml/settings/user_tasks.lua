--- What sources of tasks have in common where a task is a person: who comes when.
--
-- @module cmml.settings.user_tasks

return function(cmml)
  local core = cmml.core
  local user_tasks = {}

  --- Gives a class of tasks, with fields users (list of rows), batch, seed and shuffle, and a
  -- method draw(draw, people), the methods count, people, batches and sized.
  -- @tparam table Tasks
  function user_tasks.mix(Tasks)
    --- How many batches a draw has.
    -- @treturn integer
    function Tasks:count()
      return math.ceil(#self.users / self.batch)
    end

    --- Iterates over the people of one draw, batch by batch.
    -- @tparam integer draw epoch, or number of the evaluation draw, from 1
    -- @treturn function giving lists of user rows
    function Tasks:people(draw)
      local users, first = self.users, 1
      if self.shuffle then
        users = core.map_ids(core.choose(#users, #users, { seed = self.seed, epoch = draw,
          stream = core.streams.order }), core.ids(users)):totable()
      end
      return function()
        if first > #users then
          return nil
        end
        local last = math.min(first + self.batch - 1, #users)
        local people = table.move(users, first, last, 1, {})
        first = last + 1
        return people
      end
    end

    --- Iterates over the batches of one draw.
    -- @tparam integer draw
    -- @treturn function giving what `draw` gives
    function Tasks:batches(draw)
      local people = self:people(draw)
      return function()
        local list = people()
        return list and self:draw(draw, list)
      end
    end

    --- The same tasks, so many at a time.
    -- @tparam integer batch
    -- @tparam[opt] integer most how many of them at most: evenly among all; default: all
    -- @treturn table tasks of the same class
    function Tasks:sized(batch, most)
      local own = {}
      for key, value in pairs(self) do
        own[key] = value
      end
      own.batch = batch
      if most and most < #self.users then
        own.users = {}
        for i = 1, most do
          own.users[i] = self.users[(i * #self.users) // most]
        end
      end
      return setmetatable(own, getmetatable(self))
    end
  end

  return user_tasks
end
