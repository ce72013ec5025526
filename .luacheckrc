std = "lua54"
max_line_length = 100
include_files = {
  "lua/**/*.lua", "spec/**/*.lua", "examples/**/*.lua", "bench/**/*.lua", "tools/**/*.lua",
  "data/**/*.lua", "doc/results/*.lua", "bin/cmml", "rockspec/*.rockspec", ".luacheckrc", ".busted",
  "config.ld",
}
exclude_files = { "build", "doc/api", "spec/files_of_format_1" }
files["spec"] = { std = "+busted" }
files["rockspec"] = { std = "+rockspec" }
files["config.ld"] = { std = "+ldoc" }
