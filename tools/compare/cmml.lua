-- The command line of the library that Lua finds: `lua5.4 cmml.lua COMMAND ..`.
os.exit(require("cmml.cli.main").main(arg), true)
