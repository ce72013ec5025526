-- The command line over the library that Lua finds.
os.exit(require "cmml.cli.main".main { ... }, true)
