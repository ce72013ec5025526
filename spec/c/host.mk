# Host programs that drive the library in ways that Lua cannot: `make sweep`, `make threads`,
# `make locale`. Included
# by the Makefile.

LUA_LIBS ?= -llua5.4

.PHONY: sweep threads run-threads locale

$(BUILD)/%: spec/c/%.c $(BUILD)/obj/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CM_CFLAGS) $(CFLAGS) $(CM_INSTRUMENT) $(LDFLAGS) -o $@ $< $(LUA_LIBS) -lpthread

# Memory is counted exactly without malloc's caches of the threads.
run_sweep = GLIBC_TUNABLES=glibc.malloc.tcache_count=0 $(BUILD)/oom_sweep spec/c/oom_sweep.lua

sweep: all $(BUILD)/oom_sweep ## failing allocations of Lua; CMML_SWEEP=1 fails every single one
	$(Q)$(in_tree) $(run_sweep)

# OpenBLAS and Lua are not instrumented; what they share between threads they lock themselves.
threads_make = $(MAKE) --no-print-directory WERROR= BUILD=build/threads CM_INSTRUMENT='-fsanitize=thread' \
    CFLAGS='-O1 -g' CM_KERNEL_OPT='-ffp-contract=fast' CC=gcc

threads: ## several Lua states in threads of their own, under the thread sanitizer
	@$(bootstrap) test
	@$(threads_make) $(parallel) all build/threads/threads
	@$(threads_make) run-threads

run-threads:
	$(Q)$(in_tree) $(BUILD)/threads spec/c/threads.lua

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
