# docker-fsck: GNU make; everything that is built goes to build/. "make help" lists the targets.
#
# Variants live side by side in build/<variant>/: set SAN=address,undefined or SAN=thread for sanitizers,
# CXX=clang++ for another compiler, V=1 to see the commands.

CXX      ?= g++
PREFIX   ?= /usr/local
DESTDIR  ?=
SAN      ?=
WERROR   ?=
V        ?=

comma    := ,
variant  := $(notdir $(firstword $(CXX)))$(if $(SAN),-$(subst $(comma),-,$(SAN)))
BUILD    ?= build/$(variant)

VERSION  := 0.1.0
OPT      ?= -O2 -g
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-declarations -Wnon-virtual-dtor -Wold-style-cast
CPPFLAGS_ALL := -I. -DDFSCK_VERSION='"$(VERSION)"' $(if $(filter thread,$(SAN)),-DDFSCK_PLAIN_THREADS) $(CPPFLAGS)
CXXFLAGS_ALL := -std=c++20 $(OPT) $(WARNINGS) -D_GLIBCXX_ASSERTIONS -pthread $(if $(WERROR),-Werror) \
                $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer) $(CXXFLAGS)
LDLIBS_ALL   := -lboost_program_options -lboost_json -lcrypto -larchive -ltbb $(LDLIBS)

quiet = $(if $(V),,@echo "  $(1) $(2)";)

core_src   := $(wildcard core/*/*.cc)
checks_src := $(wildcard checks/*.cc)
cmd_src    := $(filter-out cmd/main.cc,$(wildcard cmd/*.cc))
# Test programs link no more than what they test, so the linker proves the direction of dependencies.
tests_core   := $(wildcard tests/core_*_test.cc) $(wildcard tests/tree*.cc)
tests_checks := $(wildcard tests/checks_*_test.cc) $(wildcard tests/tree*.cc)
tests_cmd    := $(wildcard tests/cmd_*_test.cc) $(wildcard tests/tree*.cc) $(wildcard tests/fixture*.cc)
tools        := $(patsubst tests/tool_%.cc,%,$(wildcard tests/tool_*.cc))
fuzzers      := $(patsubst tests/fuzz/%.cc,%,$(wildcard tests/fuzz/*.cc))

objects = $(patsubst %.cc,$(BUILD)/%.o,$(1))
all_src := $(sort $(core_src) $(checks_src) $(cmd_src) cmd/main.cc $(tests_core) $(tests_checks) $(tests_cmd) $(wildcard tests/tool_*.cc))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all check check-unit check-real fixtures-accept bench fuzz lint format format-check install uninstall clean help tools

all: $(BUILD)/docker-fsck ## build docker-fsck (default)

# A change of flags rebuilds: objects depend on a file that holds them.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL)' | cmp -s - $@ || echo '$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL)' > $@
FORCE:

$(BUILD)/%.o: %.cc $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,CXX ,$<)$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/libcore.a: $(call objects,$(core_src))
$(BUILD)/libchecks.a: $(call objects,$(checks_src))
$(BUILD)/libcmd.a: $(call objects,$(cmd_src))
$(BUILD)/lib%.a:
	$(call quiet,AR  ,$@)rm -f $@ && $(AR) rcs $@ $^

link = $(call quiet,LINK,$@)$(CXX) $(CXXFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(1) $(LDLIBS_ALL)

$(BUILD)/docker-fsck: $(call objects,cmd/main.cc) $(BUILD)/libcmd.a $(BUILD)/libchecks.a $(BUILD)/libcore.a
	$(call link)
$(BUILD)/core_tests: $(call objects,$(tests_core)) $(BUILD)/libcore.a
	$(call link,-lgtest -lgtest_main)
$(BUILD)/checks_tests: $(call objects,$(tests_checks)) $(BUILD)/libchecks.a $(BUILD)/libcore.a
	$(call link,-lgtest -lgtest_main)
$(BUILD)/cmd_tests: $(call objects,$(tests_cmd)) $(BUILD)/libcmd.a $(BUILD)/libchecks.a $(BUILD)/libcore.a
	$(call link,-lgtest -lgtest_main)
$(addprefix $(BUILD)/,$(tools)): $(BUILD)/%: $(BUILD)/tests/tool_%.o $(call objects,$(wildcard tests/tree*.cc)) $(BUILD)/libcore.a
	$(call link)
tools: $(addprefix $(BUILD)/,$(tools))

clean: ## remove everything that was built
	rm -rf build

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | column -t -s '|'

-include $(patsubst %.cc,$(BUILD)/%.d,$(all_src))
