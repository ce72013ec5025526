-- What the machine says of its memory, from files as Linux has them.
local machine_memory = require "cmml.base.machine_memory"
local temporary = require "spec.support.temporary"

describe("the memory of the machine", function()
  local root

  temporary.around(before_each, after_each, function(path)
    root = path
  end)

  it("is what Linux calls available, or what a limit leaves", function()
    assert.is_nil(machine_memory.available(root))
    temporary.write(root, "proc/meminfo", "MemTotal:  999 kB\nMemAvailable:    1000 kB\n")
    assert.equal(1024000, machine_memory.available(root))
    temporary.write(root, "sys/fs/cgroup/memory.max", "max\n")
    temporary.write(root, "sys/fs/cgroup/memory.current", "300\n")
    assert.equal(1024000, machine_memory.available(root))
    temporary.write(root, "sys/fs/cgroup/memory.max", "1000\n")
    assert.equal(700, machine_memory.available(root))
    temporary.write(root, "sys/fs/cgroup/memory.current", "2000\n")
    assert.equal(0, machine_memory.available(root))
  end)
end)
