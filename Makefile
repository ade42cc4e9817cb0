# docker-fsck: GNU make; everything that is built goes to build/. "make help" lists the targets.
#
# Variants live side by side in build/<variant>/: set SAN=address,undefined or SAN=thread for sanitizers,
# CXX=clang++ for another compiler, V=1 to see the commands. UNITY=1 compiles many sources together: several times faster
# from nothing, but an edit compiles all of them again. Without it (the mode for work) each source is an object of its own.

CXX      ?= g++
PREFIX   ?= /usr/local
DESTDIR  ?=
SAN      ?=
WERROR   ?=
UNITY    ?=
V        ?=

comma    := ,
variant  := $(notdir $(firstword $(CXX)))$(if $(SAN),-$(subst $(comma),-,$(SAN)))
BUILD    ?= build/$(variant)
# One spelling, whoever calls: dependency files name their objects by it.
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))

VERSION  := 0.1.0
OPT      ?= -O2 -g1
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-declarations -Wnon-virtual-dtor -Wold-style-cast
CPPFLAGS_ALL := -I. -DDFSCK_VERSION='"$(VERSION)"' $(if $(filter thread,$(SAN)),-DDFSCK_PLAIN_THREADS) $(CPPFLAGS)
CXXFLAGS_ALL := -std=c++20 $(OPT) $(WARNINGS) -D_GLIBCXX_ASSERTIONS -pthread $(if $(WERROR),-Werror) \
                $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer) $(CXXFLAGS)
LDLIBS_ALL   := -lboost_program_options -lboost_json -lcrypto -larchive -lz -ltbb $(LDLIBS)

quiet = $(if $(V),,@echo "  $(1) $(2)";)

# Sources are found wherever they lie below their folder; tests/core, tests/checks and tests/cmd mirror what they test.
below      = $(sort $(shell find $(1) -name '$(2)'))
core_src   := $(call below,core,*.cc)
checks_src := $(call below,checks,*.cc)
cmd_src    := $(filter-out cmd/main.cc,$(call below,cmd,*.cc))
tests_src  := $(filter-out tests/fuzz/% tests/preload/%,$(call below,tests,*.cc))
# Test programs link no more than what they test, so the linker proves the direction of dependencies.
tests_of     = $(filter tests/$(1)/%_test.cc,$(tests_src))
tests_core   := $(call tests_of,core)
tests_checks := $(call tests_of,checks)
tests_cmd    := $(call tests_of,cmd)
tool_src     := $(filter tests/tools/%,$(tests_src))
support      := $(filter tests/support/%,$(tests_src))
tool_of      = $(subst _,-,$(basename $(notdir $(1))))
tools        := $(foreach source,$(tool_src),$(call tool_of,$(source)))
fuzzers      := $(patsubst tests/fuzz/%.cc,%,$(wildcard tests/fuzz/*.cc))

# With UNITY, a group of sources becomes a few units that include them: those of one area (core/model, checks, tests/core,
# with all folders below), by name, about UNITY_SIZE at a time. Units depend on nothing but the list of files, so they are the same everywhere. A name in an unnamed namespace
# is seen by all files of its area then: it has to say enough to stand alone there.
UNITY_SIZE ?= 15
unity_dir  := $(BUILD)/unity
units      = $(if $(UNITY),$(shell tests/unity.sh $(unity_dir)/$(1) $(UNITY_SIZE) $(2)),$(2))

objects = $(patsubst %.cc,$(BUILD)/%.o,$(patsubst $(BUILD)/%,%,$(1)))
# A source includes the header of its name first (lint sees to it), so that compiling it proves the header to be complete;
# those without a source are compiled by themselves.
headers       := $(filter-out tests/fuzz/% tests/preload/%,$(call below,core checks cmd tests,*.h))
bare_headers  := $(foreach header,$(headers),$(if $(wildcard $(header:.h=.cc)),,$(header)))
alone = $(patsubst %,$(BUILD)/%.alone,$(1))

core_units    := $(call units,core,$(core_src))
checks_units  := $(call units,checks,$(checks_src))
cmd_units     := $(call units,cmd,$(cmd_src))
support_units := $(call units,support,$(support))
core_test_units   := $(call units,core_tests,$(tests_core))
checks_test_units := $(call units,checks_tests,$(tests_checks))
cmd_test_units    := $(call units,cmd_tests,$(tests_cmd))
compiled := $(core_units) $(checks_units) $(cmd_units) cmd/main.cc $(support_units) $(core_test_units) \
            $(checks_test_units) $(cmd_test_units) $(tool_src)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all check check-unit check-sanitized check-thread run-threaded coverage tidy test-programs fixtures-accept bench fuzz lint format headers census install uninstall clean help tools $(tools) print-build

all: $(BUILD)/docker-fsck ## build docker-fsck (default)

# A change of flags rebuilds: objects depend on a file that holds them.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL)' | cmp -s - $@ || echo '$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL)' > $@
FORCE:

$(BUILD)/%.o: %.cc $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,CXX ,$<)$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/unity/%.o: $(BUILD)/unity/%.cc $(BUILD)/flags
	$(call quiet,UNIT,$<)$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/%.h.alone: %.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,HEAD,$<)echo '#include "$<"' | \
	  $(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) -MMD -MP -MF $@.d -MT $@ -fsyntax-only -x c++ - && touch $@

$(BUILD)/libcore.a: $(call objects,$(core_units))
$(BUILD)/libchecks.a: $(call objects,$(checks_units))
$(BUILD)/libcmd.a: $(call objects,$(cmd_units))
$(BUILD)/lib%.a:
	$(call quiet,AR  ,$@)rm -f $@ && $(AR) rcs $@ $^

link = $(call quiet,LINK,$@)$(CXX) $(CXXFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(1) $(LDLIBS_ALL)

$(BUILD)/docker-fsck: $(call objects,cmd/main.cc) $(BUILD)/libcmd.a $(BUILD)/libchecks.a $(BUILD)/libcore.a
	$(call link)
# What tests share is an archive, so that each program takes only the parts whose needs it links; a unit of it has the needs
# of all its parts.
support_needs := $(if $(UNITY),$(BUILD)/libchecks.a)
$(BUILD)/libsupport.a: $(call objects,$(support_units))
$(BUILD)/core_tests: $(call objects,$(core_test_units)) $(BUILD)/libsupport.a $(support_needs) $(BUILD)/libcore.a
	$(call link,-lgtest -lgtest_main)
$(BUILD)/checks_tests: $(call objects,$(checks_test_units)) $(BUILD)/libsupport.a $(BUILD)/libchecks.a $(BUILD)/libcore.a
	$(call link,-lgtest -lgtest_main)
$(BUILD)/cmd_tests: $(call objects,$(cmd_test_units)) $(BUILD)/libcmd.a $(BUILD)/libsupport.a $(BUILD)/libchecks.a $(BUILD)/libcore.a
	$(call link,-lgtest -lgtest_main)
define tool
$(BUILD)/$(call tool_of,$(1)): $(call objects,$(1)) $(BUILD)/libsupport.a $(support_needs) $(BUILD)/libcore.a
	$$(call link,$(if $(UNITY),-lgtest))
endef
$(foreach source,$(tool_src),$(eval $(call tool,$(source))))
# Preloaded by tests. Sanitizers replace the same calls, so builds with them go without.
$(BUILD)/fail-calls.so: tests/preload/fail_calls.cc
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(CXX) -std=c++20 -O2 -Wall -Wextra $(if $(WERROR),-Werror) -fPIC -shared -o $@ $< -ldl
tools: $(tools) $(if $(SAN),,$(BUILD)/fail-calls.so)
$(tools): %: $(BUILD)/%

test_programs := $(addprefix $(BUILD)/,core_tests checks_tests cmd_tests)

# GCC 12 sees uninitialised values inside its own <regex> when it instruments code, so warnings stay warnings there.
sanitized := $(MAKE) --no-print-directory SAN=address,undefined OPT='-O1 -g1' WERROR=

check: $(BUILD)/docker-fsck $(test_programs) tools lint $(call alone,$(bare_headers)) ## build and pass all tests, sanitizers included; the last line counts them
	+@$(sanitized) test-programs
	@SANITIZED=$$($(sanitized) print-build) BUILD=$(BUILD) tests/check.sh

check-unit: $(BUILD)/docker-fsck $(test_programs) tools ## the tests that need no daemon
	@BUILD=$(BUILD) tests/check.sh --unit

check-sanitized: ## the tests that need no daemon, under the address and undefined-behaviour sanitizers
	+@$(sanitized) check-unit
test-programs: $(BUILD)/docker-fsck $(test_programs) tools

# What runs on several threads: parallel loops, strands, the comparison of layers, copies. The rest is one thread's.
threaded := Strand*:Failures*:RateLimit*:VerifyLayer*:PackLayer*:HiddenContent*:TarDigest*:LocateWrongByte*:TreeSize*:Copy*:ResumeTest*:SyncTest*:EndTest*:Inventories*
check-thread: ## the tests of what runs on several threads, under the thread sanitizer
	+@$(MAKE) --no-print-directory SAN=thread OPT='-O1 -g1' WERROR= run-threaded
run-threaded: $(BUILD)/core_tests
	TSAN_OPTIONS=halt_on_error=1 $(BUILD)/core_tests --gtest_brief=1 --gtest_filter='$(threaded)'

coverage: ## print by folder how many lines and branches the tests pass through (needs gcovr)
	+@$(MAKE) --no-print-directory BUILD=build/coverage OPT='-O0 -g1' CXXFLAGS='$(CXXFLAGS) --coverage' LDFLAGS='$(LDFLAGS) --coverage' test-programs
	@BUILD=build/coverage tests/coverage.sh

# Seconds for each source, so only for those that are named, or that differ from the last commit.
TIDY ?= $(filter %.cc,$(shell git diff --name-only --diff-filter=d HEAD -- core checks cmd))
tidy: ## run clang-tidy on the sources that were changed (TIDY='FILES': on those)
	$(if $(strip $(TIDY)),clang-tidy --quiet $(TIDY) -- -std=c++20 $(CPPFLAGS_ALL),@echo "tidy: nothing was changed")

fixtures-accept: $(BUILD)/docker-fsck $(BUILD)/cmd_tests ## rewrite the expected reports of all fixtures
	@FIXTURES_ACCEPT=1 DOCKER_FSCK=$(BUILD)/docker-fsck $(BUILD)/cmd_tests --gtest_brief=1 --gtest_filter='*Fixture*' || true

bench: $(BUILD)/docker-fsck tools ## measure speed and memory on generated roots (several GB of disk)
	@BUILD=$(BUILD) tests/bench.sh

fuzz: ## run every fuzz target for FUZZ_SECONDS (default 60) each, with clang
	@$(MAKE) --no-print-directory CXX=clang++ SAN=fuzzer-no-link,address,undefined $(addprefix fuzz-,$(fuzzers))
fuzz-%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libcore.a
	$(CXX) $(CXXFLAGS_ALL) -fsanitize=fuzzer -o $(BUILD)/fuzz-$* $^ $(LDLIBS_ALL)
	@mkdir -p $(BUILD)/corpus-$*
	$(BUILD)/fuzz-$* -max_total_time=$(or $(FUZZ_SECONDS),60) $(BUILD)/corpus-$*

headers: $(call alone,$(headers)) ## compile each header alone (with CXX=clang++, by another compiler)

lint: ## check the rules that the compiler cannot check
	@tests/lint.sh

census: ## count files, lines, comments and functions against their limits
	@tests/census.pl

format: ## format all sources with clang-format
	clang-format -i $(core_src) $(checks_src) $(cmd_src) cmd/main.cc $(tests_src) $(headers) $(wildcard tests/fuzz/*.cc)

install: $(BUILD)/docker-fsck ## install to DESTDIR and PREFIX
	install -D -m 755 $(BUILD)/docker-fsck $(DESTDIR)$(PREFIX)/sbin/docker-fsck
	install -D -m 644 man/docker-fsck.8 $(DESTDIR)$(PREFIX)/share/man/man8/docker-fsck.8
	install -D -m 644 man/docker-fsck-problems.7 $(DESTDIR)$(PREFIX)/share/man/man7/docker-fsck-problems.7

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/sbin/docker-fsck $(DESTDIR)$(PREFIX)/share/man/man8/docker-fsck.8 \
	      $(DESTDIR)$(PREFIX)/share/man/man7/docker-fsck-problems.7

print-build:
	@echo $(BUILD)

clean: ## remove everything that was built
	rm -rf build

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | column -t -s '|'
	@echo; echo "  UNITY=1 compiles sources of one area together: for builds from nothing. Without it: for work."

-include $(patsubst %.o,%.d,$(call objects,$(compiled))) $(addsuffix .d,$(call alone,$(headers)))
