# cmml: the build. `make help` lists the targets.
#
# What the user or LuaRocks may pass (CC, CFLAGS, LDFLAGS, LIBFLAG, LUA, LUA_INCDIR, BLAS_CFLAGS,
# BLAS_LIBS) is only defaulted here and never added to: a variable given on the command line makes
# every later `+=` a silent no-op. What the build cannot do without stands in variables of its own (CM_...).

CC ?= cc
CFLAGS ?= -O2
LDFLAGS ?=
LIBFLAG ?= -shared
LUA ?= lua5.4
BUSTED ?= $(shell command -v busted || echo /usr/bin/busted)
PREFIX ?= /usr/local
DESTDIR ?=
# Where hosts in C look.
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
INST_LIBDIR ?= $(PREFIX)/lib/lua/5.4
INST_LUADIR ?= $(PREFIX)/share/lua/5.4
INST_BINDIR ?= $(PREFIX)/bin
GOLDEN ?= spec/golden
DATA ?=
BENCH ?=
OTHER ?=
ONLY ?=
PAIRS ?=
BUILD = build
WERROR ?=
V =

lua_header := $(firstword $(wildcard /usr/include/lua5.4/lua.h /usr/include/lua-5.4/lua.h \
    /usr/include/lua54/lua.h /usr/local/include/lua5.4/lua.h /usr/local/include/lua-5.4/lua.h \
    /usr/local/include/lua54/lua.h /usr/local/include/lua.h /usr/include/lua.h))
LUA_INCDIR ?= $(if $(lua_header),$(patsubst %/lua.h,%,$(lua_header)),/usr/include/lua5.4)

# A directory that LuaRocks found by itself is searched anyway; one that was given is also where the
# library is looked for when it is loaded.
openblas_libdir := $(filter-out /usr/lib /usr/lib/% /lib /lib/%,$(OPENBLAS_LIBDIR))
openblas_incdir := $(filter-out /usr/include,$(OPENBLAS_INCDIR))
BLAS_CFLAGS ?= $(addprefix -I,$(openblas_incdir))
BLAS_LIBS ?= $(foreach dir,$(openblas_libdir),-L$(dir) -Wl,-rpath,$(dir)) -lopenblas

CM_WARN = -Wall -Wextra -Wshadow -Wconversion -Wdouble-promotion -Wmissing-prototypes \
    -Wstrict-prototypes -Wwrite-strings -Wundef -Wvla $(if $(WERROR),-Werror)
CM_X86 := $(if $(filter x86_64-% amd64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),1)
CM_CFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L -fPIC -fvisibility=hidden -fno-math-errno \
    -fno-trapping-math -Icsrc -Iinclude -I$(LUA_INCDIR) $(BLAS_CFLAGS) $(if $(CM_X86),-DCM_HAVE_X86=1) $(CM_WARN)
# Sanitizers and coverage: both when compiling and when linking. With them compilers warn of more than
# there is: WERROR is for plain builds.
CM_INSTRUMENT =
# The kernels are loops for the compiler to vectorise; with FMA where the instruction set has it.
# (-O3 makes them a third larger and none faster: it unrolls the lanes of sums and maxima.)
CM_KERNEL_OPT = -O2 -ftree-vectorize -ffp-contract=fast
# A Lua state that closes unloads its modules; OpenBLAS must stay, since its threads do.
CM_LDFLAGS = -Wl,-z,nodelete
CM_LIBS = $(BLAS_LIBS) -lm -pthread

# Tables for unwinding take a tenth of the module. Only the binding needs them: a Lua that was built
# as C++ throws its errors, and none passes through the core, which never calls Lua.
CM_UNWIND_core = -fno-asynchronous-unwind-tables -fno-unwind-tables
unwind = $(if $(filter bind/%,$(1)),,$(CM_UNWIND_core))
# What the binding does for a call is no loop: it is compiled for size, a sixth of it.
level = $(if $(filter bind/%,$(1)),$(patsubst -O2,-Os,$(CFLAGS)),$(CFLAGS))

# What the core says of its build.
told = $(if $(filter bind/lua_cmml,$(1)),-DCM_BUILD_FLAGS='"$(subst ',,$(subst ",,$(CFLAGS)))"')

CM_ISA_base =
CM_ISA_avx2 = -mavx2 -mfma
CM_ISA_avx512 = -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma
isas = base $(if $(CM_X86),avx2 avx512)

sources := $(sort $(wildcard csrc/*/*.c))
loops := $(filter csrc/kernels/loops%.c,$(sources))
plain := $(filter-out $(loops),$(sources))
objects = $(patsubst csrc/%.c,%.o,$(plain)) \
    $(foreach isa,$(isas),$(patsubst csrc/%.c,%.$(isa).o,$(loops)))
# The library for hosts without Lua has what predicting needs, and alone its interface.
interface := predict/api.o predict/api_context.o
lib_folders = base io kernels tensor ops cf tasks predict
release := $(addprefix $(BUILD)/obj/release/,$(filter-out $(interface),$(objects)))
double := $(addprefix $(BUILD)/obj/double/,$(filter-out $(interface),$(objects)))
lib_objects := $(addprefix $(BUILD)/obj/release/,$(filter $(addsuffix /%,$(lib_folders)),$(objects)))
lib_so := $(BUILD)/libcmml.so
lib_a := $(BUILD)/libcmml.a
core := $(BUILD)/cmml/core.so
core64 := $(BUILD)/cmml/core64.so

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-3s %s\n' '$(1)' '$(2)')
# Targets that build as a step of their own use all processors, unless -j said how many.
parallel = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
build_all = $(MAKE) --no-print-directory $(parallel) all
# LUA_PATH_5_4, which LuaRocks sets, would win over LUA_PATH.
in_tree = env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 \
    LUA_PATH='$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;' LUA_CPATH='$(abspath $(BUILD))/?.so;;'
busted = $(LUA) $(BUSTED) --ignore-lua --cpath=$(abspath $(BUILD))/?.so
# All at once, by the times that the last `make test` took.
run_tests = CMML_TIMES='$(CURDIR)/build/spec_times' sh tools/run_tests.sh
bootstrap = CC='$(CC)' LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' BLAS_CFLAGS='$(BLAS_CFLAGS)' \
    BLAS_LIBS='$(BLAS_LIBS)' sh tools/bootstrap.sh

.PHONY: all demo test bench figures bench-pairs compare golden install uninstall lint check format format-check asan coverage \
    reference docs clean help run-asan run-coverage FORCE
.DELETE_ON_ERROR:

# What is made from the folders and comments of lua/: the list of the library's parts, and what
# cmml.help and editors read. Instrumented cores need runtimes that only their own runs load.
made := lua/cmml/parts.lua
reference := $(BUILD)/obj/reference

all: $(core) $(core64) $(lib_so) $(lib_a) $(made) $(if $(CM_INSTRUMENT),,$(reference)) ## build both cores (float32, and float64 for checking gradients)

# --- compiling ----------------------------------------------------------------------------------

# A file that changes only when its text does: what depends on it is remade when a flag changes.
quote = '$(subst ','\'',$(1))'
define write_if_changed
@mkdir -p $(@D)
@printf '%s\n' $(call quote,$(1)) | cmp -s - $@ || printf '%s\n' $(call quote,$(1)) >$@
endef

$(BUILD)/obj/flags: FORCE
	$(call write_if_changed,$(CC) $(CM_CFLAGS) $(CFLAGS) $(call level,bind/) $(CM_KERNEL_OPT) $(CM_INSTRUMENT))

$(BUILD)/obj/link: FORCE
	$(call write_if_changed,$(CM_LDFLAGS) $(LIBFLAG) $(LDFLAGS) $(objects) $(CM_LIBS))

# The first step: are there a compiler, an interpreter and the two libraries?
$(BUILD)/obj/programs: FORCE
	$(call write_if_changed,$(CC) $(LUA) $(LUA_INCDIR) $(BLAS_CFLAGS) $(BLAS_LIBS))

$(BUILD)/obj/probe: $(BUILD)/obj/programs tools/probe.sh
	$(Q)CC='$(CC)' LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' BLAS_CFLAGS='$(BLAS_CFLAGS)' \
	    BLAS_LIBS='$(BLAS_LIBS)' sh tools/probe.sh
	@touch $@

# $(1) variant, $(2) its flags
define variant_rules
$(BUILD)/obj/$(1)/%.o: csrc/%.c $(BUILD)/obj/flags | $(BUILD)/obj/probe
	@mkdir -p $$(@D)
	$$(call say,CC,$$<$(if $(2), ($(1))))
	$$(Q)$$(CC) $$(CM_CFLAGS) $$(call level,$$*) $$(call unwind,$$*) $$(call told,$$*) $$(CM_INSTRUMENT) $(2) -MMD -MP -c \
	    -o $$@ $$<

$(foreach isa,$(isas),$(call kernel_rule,$(1),$(2),$(isa)))
endef

define kernel_rule
$(BUILD)/obj/$(1)/%.$(3).o: csrc/%.c $(BUILD)/obj/flags | $(BUILD)/obj/probe
	@mkdir -p $$(@D)
	$$(call say,CC,$$< ($(3)$(if $(2),$(comma) $(1))))
	$$(Q)$$(CC) $$(CM_CFLAGS) $$(CFLAGS) $$(CM_KERNEL_OPT) $$(CM_UNWIND_core) $$(CM_INSTRUMENT) $(2) \
	    -DCM_ISA=$(3) $$(CM_ISA_$(3)) -MMD -MP -c -o $$@ $$<

endef
comma := ,

$(eval $(call variant_rules,release,))
$(eval $(call variant_rules,double,-DCM_DOUBLE))

# Linked beside its place: a process that has the old module loaded keeps it whole.
link = $(Q)$(CC) $(CM_LDFLAGS) $(LIBFLAG) $(CM_INSTRUMENT) $(LDFLAGS) -o $@.new \
    $(filter %.o,$^) $(CM_LIBS) && mv -f $@.new $@

$(core): $(release) $(BUILD)/obj/link
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(link)

$(core64): $(double) $(BUILD)/obj/link
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(link)

# Its number changes when a program that was built with an older one could no longer run.
lib_version = 0
lib_name = libcmml.so.$(lib_version)

$(lib_so): $(lib_objects) csrc/predict/libcmml.map $(BUILD)/obj/link
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(CM_LDFLAGS) $(CM_INSTRUMENT) $(LDFLAGS) -Wl,-soname,$(lib_name) \
	    -Wl,--version-script=csrc/predict/libcmml.map -o $@.new $(filter %.o,$^) $(CM_LIBS) && \
	    mv -f $@.new $@ && ln -sf libcmml.so $(BUILD)/$(lib_name)

# One object in which the functions of the core are hidden: a host may have such names of its own.
$(lib_a): $(lib_objects)
	$(call say,AR,$@)
	$(Q)ld -r -o $(BUILD)/obj/libcmml.o $^ && objcopy --localize-hidden $(BUILD)/obj/libcmml.o && \
	    rm -f $@ && ar rcs $@ $(BUILD)/obj/libcmml.o

-include $(lib_objects:.o=.d) $(release:.o=.d) $(double:.o=.d)

lua_sources := $(sort $(shell find lua -name '*.lua' ! -path lua/cmml/parts.lua))

lua/cmml/parts.lua: FORCE | $(BUILD)/obj/probe
	$(Q)$(LUA) tools/parts.lua

# The names of what the reference is made from: one that is gone is a change, too.
$(BUILD)/obj/sources: FORCE
	$(call write_if_changed,$(lua_sources))

# The stamp is older than nothing while one of the files that it stands for is missing.
written := lua/cmml/reference.txt types/cmml.d.lua
$(reference): $(core) $(lua_sources) $(wildcard tools/*.lua tools/reference/*.lua) \
    $(BUILD)/obj/sources $(if $(filter-out $(wildcard $(written)),$(written)),FORCE) | $(made)
	$(call say,LUA,$(written))
	$(Q)mkdir -p types && $(in_tree) $(LUA) tools/reference.lua --build
	@touch $@

# --- running ------------------------------------------------------------------------------------
# A step that installs what is missing comes before a make of its own: this one has looked for the
# compiler and the headers already.

demo: ## train on made data and recommend; DATA=<MovieLens-1M folder> for real ratings
	@$(bootstrap) build
	@$(build_all)
	$(Q)$(in_tree) $(LUA) examples/demo.lua $(if $(DATA),'$(DATA)')

test: ## the specs and the golden cases; the last line is `N passed, N failed`
	@$(bootstrap) test
	@$(build_all) $(BUILD)/oom_sweep
	@rm -f $(BUILD)/spec_times.new
	$(Q)$(in_tree) CMML_SPEC_TIMES='$(CURDIR)/$(BUILD)/spec_times.new' $(run_tests) '$(busted)' \
	    '$(LUA) spec/support/golden_main.lua $(GOLDEN)' '$(run_sweep)'; \
	    status=$$?; mv -f $(BUILD)/spec_times.new $(BUILD)/spec_times; exit $$status

bench_options = $(if $(BENCH),--cases '$(BENCH)') $(if $(DATA),--data '$(DATA)')

bench: all $(BUILD)/bench/first_scores ## measure, beside PyTorch where it is installed; BENCH=<cases, or all> DATA=<folder>
	$(Q)$(in_tree) $(LUA) bench/run.lua $(bench_options)

figures: all $(BUILD)/bench/first_scores ## measure everything (minutes) and renew the tables of doc/performance.md
	$(Q)$(in_tree) $(LUA) bench/run.lua --csv --cases all $(bench_options) >$(BUILD)/bench.csv
	$(Q)$(LUA) bench/figures.lua $(BUILD)/bench.csv doc/performance.md

# What another built checkout, such as the one before a large change, does as this one does.
other = $(if $(OTHER),'$(OTHER)',$(error OTHER=<a built checkout> is missing))
this_build = --build '$(abspath $(BUILD))'

bench-pairs: all ## this checkout's speed beside OTHER=<checkout>'s; PAIRS=<number> BENCH=<rows>
	$(Q)$(LUA) bench/pairs.lua $(other) . $(this_build) $(if $(PAIRS),--pairs $(PAIRS)) $(if $(BENCH),--cases '$(BENCH)')

compare: all ## are all results those of OTHER=<checkout>, bit for bit? ONLY=<pattern> DATA=<folders>
	$(Q)$(LUA) tools/compare_checkouts.lua $(other) . $(this_build) $(if $(ONLY),--only '$(ONLY)') \
	    $(foreach folder,$(DATA),--data '$(folder)')

golden: all ## known answers: GOLDEN=<folder of cases>
	$(Q)$(in_tree) $(LUA) spec/support/golden_main.lua $(GOLDEN)

# The interpreter is not instrumented, so the sanitizers' runtimes are loaded before it, here and in
# every process that a spec starts.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all
asan_make = $(MAKE) --no-print-directory WERROR= BUILD=build/asan CM_INSTRUMENT='$(SANITIZE)' \
    CFLAGS='-O1 -g -fno-omit-frame-pointer' CM_KERNEL_OPT='-ffp-contract=fast' CC=gcc
# Leaks are looked for in Lua alone: the programs of the system leave theirs to it.
asan_preload = $$(gcc -print-file-name=libasan.so):$$(gcc -print-file-name=libubsan.so):$(CURDIR)/build/asan/lua_leaks.so
asan_options = detect_leaks=1:leak_check_at_exit=0:allocator_may_return_null=1
asan_env = LD_PRELOAD=$(asan_preload) ASAN_OPTIONS=$(asan_options):halt_on_error=1 \
    UBSAN_OPTIONS=print_stacktrace=1
asan_made = all build/asan/lua_leaks.so

asan: ## the specs under the address and undefined-behaviour sanitizers, leaks included
	@$(bootstrap) test
	@$(build_all)
	@$(asan_make) $(parallel) $(asan_made) build/asan/oom_sweep
	@$(asan_make) run-asan

run-asan:
	$(Q)sh tools/plain_programs.sh $(BUILD)/bin
	$(Q)$(in_tree) PATH="$(abspath $(BUILD))/bin:$$PATH" $(run_tests) "env $(asan_env) $(busted)" \
	    'CMML_SWEEP_RUNS=40 $(run_sweep)'

coverage_make = $(MAKE) --no-print-directory WERROR= BUILD=build/coverage CM_INSTRUMENT='--coverage' \
    CFLAGS='-O0 -g' CM_KERNEL_OPT='-ffp-contract=fast' CC=gcc

coverage: ## lines of the core that the specs run, by folder
	@$(bootstrap) test
	@$(build_all)
	@$(coverage_make) $(parallel) all
	@$(coverage_make) run-coverage

run-coverage:
	@find $(BUILD) -name '*.gcda' -delete
	$(Q)$(in_tree) $(run_tests) '$(busted)'
	$(Q)$(LUA) tools/coverage.lua $(BUILD)

include spec/c/host.mk
include spec/fuzz/fuzz.mk

# --- gates --------------------------------------------------------------------------------------

lint: ## luacheck, the format of the C sources and the gates of `check`
	@$(bootstrap) ci
	@$(build_all)
	$(Q)failed=; luacheck --quiet . || failed=1; \
	    $(MAKE) --no-print-directory format-check || failed=1; \
	    $(MAKE) --no-print-directory check || failed=1; [ -z "$$failed" ]

gates = layers floors names sizes docs reference options locale version exports

check: all ## the gates: layers, floors, names, sizes, docs, reference, options, locale, version, exports
	$(Q)failed=; for gate in $(gates); do \
	    $(in_tree) $(LUA) tools/check_$$gate.lua '$(abspath $(BUILD))' || failed=1; done; \
	    [ -z "$$failed" ]

c_files = $(sort $(wildcard csrc/*/*.c csrc/*/*.h csrc/*.h include/*.h examples/host/*.c bench/*.c \
    spec/c/*.c spec/fuzz/*.c spec/fuzz/*.h))

format: ## clang-format the C sources in place
	$(Q)clang-format -i $(c_files)

format-check: ## does clang-format agree with the C sources?
	$(Q)clang-format --dry-run --Werror $(c_files)

reference: all ## the files that cmml.help and editors read, from comments and op descriptors
	$(Q)$(in_tree) $(LUA) tools/reference.lua

# config.ld names this folder, wherever the core is built.
pages = build/reference

docs: ## the reference of the API as a site, into doc/api
	@$(bootstrap) docs
	@$(build_all)
	$(Q)rm -rf $(pages) doc/api && mkdir -p $(addprefix $(pages)/,public classes inside topics)
	$(Q)$(in_tree) $(LUA) tools/reference.lua $(pages)
	$(Q)ldoc --quiet --fatalwarnings .
	$(Q)cat tools/reference/site.css >>doc/api/ldoc.css
	$(Q)$(LUA) tools/check_links.lua doc/api

# --- installing ---------------------------------------------------------------------------------

lua_files = $(lua_sources) $(made) lua/cmml/reference.txt

cm_version := $(shell sed -n 's/.*define CM_VERSION "\(.*\)"/\1/p' csrc/base/config.h)

# The header, the library and what pkg-config knows of it: not of a rock, which is for Lua.
define install_host
	$(Q)install -d '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(INCLUDEDIR)'
	$(Q)install -m 644 include/cmml.h '$(DESTDIR)$(INCLUDEDIR)/cmml.h'
	$(Q)install -m 755 $(lib_so) '$(DESTDIR)$(LIBDIR)/libcmml.so.$(cm_version)'
	$(Q)ln -sf libcmml.so.$(cm_version) '$(DESTDIR)$(LIBDIR)/$(lib_name)'
	$(Q)ln -sf $(lib_name) '$(DESTDIR)$(LIBDIR)/libcmml.so'
	$(Q)install -m 644 $(lib_a) '$(DESTDIR)$(LIBDIR)/libcmml.a'
	$(Q)sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|; \
	    s|@VERSION@|$(cm_version)|; s|@LIBS@|$(CM_LIBS)|' csrc/predict/cmml.pc.in \
	    >'$(DESTDIR)$(LIBDIR)/pkgconfig/cmml.pc'
endef

install: all ## into PREFIX, or INST_LIBDIR, INST_LUADIR, INST_BINDIR, LIBDIR, INCLUDEDIR; DESTDIR in front
	$(Q)install -d '$(DESTDIR)$(INST_LIBDIR)/cmml' '$(DESTDIR)$(INST_BINDIR)'
	$(Q)install -m 755 $(core) $(core64) '$(DESTDIR)$(INST_LIBDIR)/cmml'
	$(Q)for file in $(lua_files:lua/%=%); do \
	    install -D -m 644 "lua/$$file" '$(DESTDIR)$(INST_LUADIR)'/"$$file" || exit 1; done
	$(Q)install -D -m 644 types/cmml.d.lua '$(DESTDIR)$(INST_LUADIR)/cmml/types/cmml.d.lua'
	$(Q)install -D -m 644 LICENSE '$(DESTDIR)$(INST_LUADIR)/cmml/LICENSE'
	$(Q)install -m 755 bin/cmml '$(DESTDIR)$(INST_BINDIR)/cmml'
	$(if $(WITHOUT_HOST),,$(install_host))

uninstall: ## remove what install put there
	$(Q)rm -rf '$(DESTDIR)$(INST_LIBDIR)/cmml' '$(DESTDIR)$(INST_LUADIR)/cmml'
	$(Q)rm -f '$(DESTDIR)$(INST_BINDIR)/cmml' '$(DESTDIR)$(INCLUDEDIR)/cmml.h' \
	    '$(DESTDIR)$(LIBDIR)'/libcmml.* '$(DESTDIR)$(LIBDIR)/pkgconfig/cmml.pc'

clean: ## remove everything built
	$(Q)rm -rf build doc/api types $(made) lua/cmml/reference.txt

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(filter %akefile %.mk,$(MAKEFILE_LIST)) | \
	    awk -F '|' '{ printf "%-20s %s\n", $$1, $$2 }'
	@echo 'V=1 shows the commands.'
	@echo 'CC CFLAGS LDFLAGS LIBFLAG LUA LUA_INCDIR BLAS_CFLAGS BLAS_LIBS are yours.'
