# Fuzzing the readers of files: `make fuzz`, `make fuzz-replay`, `make fuzz-keep`. Included by the
# Makefile.
#
# A target reads spec/fuzz/corpus/<target> first; what it finds beyond goes to build/fuzz/found.

# The files that the targets are for, of which coverage is shown.
fuzz_covers = csrc/data/ csrc/io/json csrc/io/safetensors.c \
    csrc/io/text
fuzz_targets = json archive table vocab zip model
FUZZ = $(fuzz_targets)
SECONDS = 60

fuzz_flags = -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
fuzz_make = $(MAKE) --no-print-directory WERROR= BUILD=build/fuzz CC=clang CFLAGS=-O1 \
    CM_INSTRUMENT='-fsanitize=fuzzer-no-link $(fuzz_flags)' CM_KERNEL_OPT='-ffp-contract=fast' \
    FUZZ_MAIN='-fsanitize=fuzzer'
# The same targets by another compiler, without libFuzzer, with the lines counted that they reach.
replay_make = $(MAKE) --no-print-directory WERROR= BUILD=build/replay CC=gcc CFLAGS='-O0 -g' \
    CM_INSTRUMENT=--coverage CM_KERNEL_OPT='-ffp-contract=fast' FUZZ_MAIN=spec/fuzz/replay.c

.PHONY: fuzz fuzz-replay fuzz-keep fuzzers

fuzz: ## fuzz the readers of files for SECONDS=60 each; FUZZ='json model' for some of them
	@$(bootstrap) ci
	@$(fuzz_make) $(parallel) fuzzers
	$(Q)sh spec/fuzz/run.sh fuzz $(SECONDS) $(FUZZ)
	$(Q)$(MAKE) --no-print-directory fuzz-replay

fuzz-keep: ## put what `make fuzz` found, minimised, into the corpus
	@$(fuzz_make) $(parallel) fuzzers
	$(Q)sh spec/fuzz/run.sh keep $(FUZZ)

fuzz-replay: ## read the corpus and what was found once more, and show the lines that it reaches
	@$(replay_make) $(parallel) fuzzers
	@find build/replay -name '*.gcda' -delete
	$(Q)sh spec/fuzz/run.sh replay $(FUZZ)
	$(Q)$(LUA) tools/coverage.lua build/replay $(fuzz_covers)

fuzzers: $(fuzz_targets:%=$(BUILD)/%) $(made)

fuzz_link = $(Q)$(CC) $(CM_CFLAGS) $(CFLAGS) $(CM_INSTRUMENT) $(1) -o $@ $(FUZZ_MAIN) $(2) \
    $(release) $(LUA_LIBS) $(CM_LIBS)
fuzz_needs = spec/fuzz/fuzz.c spec/fuzz/fuzz.h spec/fuzz/replay.c $(release)

$(BUILD)/json $(BUILD)/table $(BUILD)/vocab: $(BUILD)/%: spec/fuzz/%.c $(fuzz_needs)
	$(call say,LD,$@)
	$(call fuzz_link,,$< spec/fuzz/fuzz.c)

$(BUILD)/archive: spec/fuzz/archive.c spec/fuzz/mutate_archive.c $(fuzz_needs)
	$(call say,LD,$@)
	$(call fuzz_link,,$(filter-out spec/fuzz/replay.c,$(filter %.c,$^)))

$(BUILD)/zip: spec/fuzz/script.c $(fuzz_needs)
	$(call say,LD,$@)
	$(call fuzz_link,-DFUZZ_SCRIPT='"spec/fuzz/zip.lua"',$<)

$(BUILD)/model: spec/fuzz/script.c spec/fuzz/mutate_archive.c $(fuzz_needs)
	$(call say,LD,$@)
	$(call fuzz_link,-DFUZZ_SCRIPT='"spec/fuzz/model.lua"',$< spec/fuzz/mutate_archive.c)

# --- calls and model files ----------------------------------------------------------------------
# Programs in Lua that make their own inputs, from a seed, under the sanitizers: as an ordinary user
# in a folder of their own, whoever starts them.

CALLS = 100000
FILES = 5000
SEED = 1
guarded = UNDER="LD_PRELOAD=$(asan_preload) UBSAN_OPTIONS=print_stacktrace=1 \
    ASAN_OPTIONS=$(asan_options):exitcode=99:max_allocation_size_mb=400" \
    sh spec/fuzz/guarded.sh

.PHONY: fuzz-calls fuzz-models fuzz-frozen fuzz-hosts run-fuzz-hosts

fuzz-calls: ## call everything with CALLS=100000 wrong arguments, from SEED=1, under the sanitizers
	@$(bootstrap) test
	@$(asan_make) $(parallel) $(asan_made)
	$(Q)$(guarded) spec/fuzz/calls.lua build/asan $(CALLS) 2500 $(SEED)

fuzz-models: ## load FILES=5000 changed model files, from SEED=1, under the sanitizers
	@$(bootstrap) test
	@$(asan_make) $(parallel) $(asan_made)
	$(Q)$(guarded) spec/fuzz/models.lua build/asan $(FILES) 1000 $(SEED)

fuzz-frozen: ## open FILES=5000 changed frozen graphs and call what opens, from SEED=1, under the sanitizers
	@$(bootstrap) test
	@$(asan_make) $(parallel) $(asan_made)
	$(Q)$(guarded) spec/fuzz/frozen.lua build/asan $(FILES) 500 $(SEED)

fuzz-hosts: ## call the interface for hosts CALLS=100000 times at random, from SEED=1, under the sanitizers
	@$(bootstrap) test
	@$(build_all)
	@$(asan_make) build/asan/host_calls
	@$(MAKE) --no-print-directory run-fuzz-hosts

# Models are made by the core as it is, read by the instrumented library.
run-fuzz-hosts:
	@mkdir -p build/asan/models
	$(Q)$(in_tree) LUA_PATH='$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;$(CURDIR)/?.lua' \
	    $(LUA) spec/c/host_models.lua build/asan/models
	$(Q)cd build/asan/models && chmod a+r *.safetensors && ASAN_OPTIONS=detect_leaks=1 \
	    $(ordinary) ../host_calls $(SEED) $(CALLS) model.safetensors lists.safetensors steps.safetensors

# In front of a command: as an ordinary user, whoever starts it.
ordinary = $$([ $$(id -u) != 0 ] || echo setpriv --reuid=nobody --regid=nogroup --clear-groups)

$(BUILD)/host_calls: spec/fuzz/host_calls.c include/cmml.h $(lib_a) $(BUILD)/obj/flags
	$(call say,CC,$<)
	$(Q)$(CC) $(CM_CFLAGS) -Iinclude $(CFLAGS) $(CM_INSTRUMENT) $(LDFLAGS) -o $@ $< $(lib_a) $(CM_LIBS)
