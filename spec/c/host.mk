# Host programs that drive the library in ways that Lua cannot: `make sweep`, `make threads`,
# `make locale`. Included
# by the Makefile.

LUA_LIBS ?= -llua5.4

.PHONY: sweep threads run-threads run-hosts locale hosts

$(BUILD)/%: spec/c/%.c $(BUILD)/obj/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CM_CFLAGS) $(CFLAGS) $(CM_INSTRUMENT) $(LDFLAGS) -o $@ $< $(LUA_LIBS) -lpthread

# What embeds a model, or Lua with the library, as a host of its own would be built.
build_host = $(Q)$(CC) -std=c11 $(CM_WARN) $(CFLAGS) $(CM_INSTRUMENT) -Iinclude -I$(LUA_INCDIR) $(LDFLAGS) \
    -o $@ $< -Wl,--as-needed -L$(BUILD) -Wl,-rpath,'$(abspath $(BUILD))' -lcmml $(LUA_LIBS)

hosts := $(patsubst examples/host/%.c,$(BUILD)/hosts/%,$(wildcard examples/host/*.c))

$(BUILD)/hosts/%: examples/host/%.c include/cmml.h $(lib_so) $(BUILD)/obj/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(call build_host)

$(BUILD)/bench/%: bench/%.c include/cmml.h $(lib_so) $(BUILD)/obj/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(call build_host)

hosts: all $(hosts) ## the example hosts of examples/host, into build/hosts

# Memory is counted exactly without malloc's caches of the threads.
run_sweep = GLIBC_TUNABLES=glibc.malloc.tcache_count=0 $(BUILD)/oom_sweep spec/c/oom_sweep.lua

sweep: all $(BUILD)/oom_sweep ## failing allocations of Lua; CMML_SWEEP=1 fails every single one
	$(Q)$(in_tree) $(run_sweep)

# OpenBLAS and Lua are not instrumented; what they share between threads they lock themselves.
threads_make = $(MAKE) --no-print-directory WERROR= BUILD=build/threads CM_INSTRUMENT='-fsanitize=thread' \
    CFLAGS='-O1 -g' CM_KERNEL_OPT='-ffp-contract=fast' CC=gcc

threads: ## several Lua states, and hosts without Lua, in threads under the thread sanitizer
	@$(bootstrap) test
	@$(threads_make) $(parallel) all build/threads/threads
	@$(threads_make) run-threads
	@$(MAKE) --no-print-directory run-hosts

run-threads:
	$(Q)$(in_tree) $(BUILD)/threads spec/c/threads.lua

# Models for hosts, made by the core as it is, read by the instrumented one.
run-hosts: $(BUILD)/cmml/core.so
	@$(threads_make) build/threads/host_api
	@mkdir -p build/threads/models
	$(Q)$(in_tree) LUA_PATH='$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;$(CURDIR)/?.lua' \
	    $(LUA) spec/c/host_models.lua build/threads/models
	$(Q)OPENBLAS_NUM_THREADS=1 build/threads/host_api $(host_models:%=build/threads/models/%.safetensors)

host_models = model other lists plain

host_api = $(wildcard spec/c/host_api*.c)

$(BUILD)/host_api: $(host_api) spec/c/host_api.h include/cmml.h $(lib_a) $(BUILD)/obj/flags
	$(call say,CC,$<)
	$(Q)$(CC) $(CM_CFLAGS) -Iinclude $(CFLAGS) $(CM_INSTRUMENT) $(LDFLAGS) -o $@ $(host_api) $(lib_a) \
	    $(CM_LIBS)

# Where the host has a decimal comma: the specs that took less than QUICK seconds in the last
# `make test`, or all, while a probe notes the lines that follow the host's locale.
LOCALE ?= de_DE.UTF-8
QUICK ?= 1

# Libraries that are preloaded into Lua, never instrumented.
$(BUILD)/locale_probe.so $(BUILD)/lua_leaks.so: $(BUILD)/%.so: spec/c/%.c $(BUILD)/obj/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CM_CFLAGS) -fvisibility=default $(CFLAGS) -shared -o $@ $<

locale: ## the quick specs in another locale: LOCALE=de_DE.UTF-8 QUICK=<seconds a file>
	@$(bootstrap) test
	@$(build_all) $(BUILD)/locale_probe.so
	$(Q)$(in_tree) sh tools/run_locale.sh '$(BUILD)' '$(LOCALE)' '$(QUICK)' '$(busted)'
