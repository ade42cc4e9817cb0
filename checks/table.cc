// Expands table.def and proves at compile time what can be proven of it.
#include "checks/table.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdio>

#include "checks/checks.h"
#include "checks/fixes.h"
#include "checks/problems.h"

namespace dfsck {
namespace {

constexpr FixFunction fix_nothing = nullptr;

constexpr std::array kChecks = {
#define CHECK(function, title) Check{#function, title, check_##function},
#define PROBLEM(code, name, check, severity, safety, fix, catalogue, text, consequence, remedy)
#include "checks/table.def"
#undef CHECK
#undef PROBLEM
};

constexpr std::array kProblems = {
#define CHECK(function, title)
#define PROBLEM(code, name, check, severity, safety, fix, catalogue, text, consequence, remedy) \
  Problem{ProblemId{code}, #name,     #check, Severity::severity, Safety::safety,               \
          fix_##fix,       catalogue, text,   consequence,        remedy},
#include "checks/table.def"
#undef CHECK
#undef PROBLEM
};

constexpr std::array kAreas = {
    Area{1, "root"},    Area{2, "layerdb"},    Area{3, "overlay2"},   Area{4, "imagedb"},
    Area{5, "refs"},    Area{6, "containers"}, Area{7, "volumes"},    Area{8, "databases"},
    Area{9, "content"}, Area{10, "buildkit"},  Area{12, "leftovers"},
};

// Rows are looked up by halving, and a code that was ever published must not get another meaning.
consteval bool codes_rise() {
  for (size_t i = 1; i < kProblems.size(); ++i) {
    if (kProblems[i - 1].id >= kProblems[i].id) {
      return false;
    }
  }
  return true;
}

consteval bool names_are_unique_and_plain() {
  for (size_t i = 0; i < kProblems.size(); ++i) {
    for (const char c : kProblems[i].name) {
      if (!((c >= 'a' && c <= 'z') || c == '_')) {
        return false;
      }
    }
    for (size_t j = 0; j < i; ++j) {
      if (kProblems[i].name == kProblems[j].name) {
        return false;
      }
    }
  }
  return true;
}

consteval bool checks_exist() {
  for (const Problem& problem : kProblems) {
    bool found = false;
    for (const Check& check : kChecks) {
      found = found || check.name == problem.check;
    }
    if (!found) {
      return false;
    }
  }
  return true;
}

// By name: under the undefined-behaviour sanitizer, comparing a function's address is no constant expression.
constexpr std::array kHasFix = {
#define CHECK(function, title)
#define PROBLEM(code, name, check, severity, safety, fix, catalogue, text, consequence, remedy) \
  std::string_view(#fix) != "nothing",
#include "checks/table.def"
#undef CHECK
#undef PROBLEM
};

// A class without a fix would promise a repair that is never made.
consteval bool only_rows_without_safety_lack_a_fix() {
  for (size_t i = 0; i < kProblems.size(); ++i) {
    if ((kProblems[i].safety == Safety::None) == kHasFix[i]) {
      return false;
    }
  }
  return true;
}

// Each '{' opens a hole of [a-z_]+ that '}' closes.
// A hole that no check fills can only be seen when a finding is shown, so at least its form is proven here.
consteval bool holes_are_well_formed() {
  for (const Problem& problem : kProblems) {
    for (const std::string_view text : {problem.text, problem.consequence, problem.remedy}) {
      if (text.empty()) {
        return false;
      }
      bool open = false;
      for (const char c : text) {
        if (c == '{' || c == '}') {
          if (open == (c == '{')) {
            return false;
          }
          open = !open;
        } else if (open && !((c >= 'a' && c <= 'z') || c == '_')) {
          return false;
        }
      }
      if (open) {
        return false;
      }
    }
  }
  return true;
}

static_assert(codes_rise(), "codes in table.def must rise");
static_assert(names_are_unique_and_plain(), "names in table.def must be unique and of a-z and _ only");
static_assert(checks_exist(), "a problem names a check that table.def does not have");
static_assert(only_rows_without_safety_lack_a_fix(), "a row has a fix if and only if its safety class is not None");
static_assert(holes_are_well_formed(), "texts must not be empty, and {holes} must be closed");

std::string dashed(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

}  // namespace

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::Error: return "error";
    case Severity::Warning: return "warning";
    case Severity::Info: return "info";
  }
  return "";
}

std::string_view safety_name(Safety safety) {
  switch (safety) {
    case Safety::None: return "none";
    case Safety::Safe: return "safe";
    case Safety::Clean: return "clean";
    case Safety::Ask: return "ask";
    case Safety::Lossy: return "lossy";
  }
  return "";
}

std::string Problem::code() const {
  std::array<char, 16> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "DF%04d", static_cast<int>(id));
  return buffer.data();
}

std::string Problem::slug() const { return dashed(name); }

std::string Problem::area() const {
  const int number = static_cast<int>(id) / 100;
  const auto* area = std::find_if(kAreas.begin(), kAreas.end(), [&](const Area& a) { return a.number == number; });
  assert(area != kAreas.end());
  return std::string(area->name);
}

std::span<const Check> all_checks() { return kChecks; }
std::span<const Problem> all_problems() { return kProblems; }
std::span<const Area> all_areas() { return kAreas; }

const Problem& problem_of(ProblemId id) {
  const auto* row = std::lower_bound(kProblems.begin(), kProblems.end(), id,
                                     [](const Problem& problem, ProblemId wanted) { return problem.id < wanted; });
  assert(row != kProblems.end() && row->id == id);
  return *row;
}

// A daemon that merely stops in the usual way destroys something by it. Whoever
// reads only the first lines has to see this.
bool is_urgent(ProblemId id) { return id == problem::layer_removing_live; }

// Codes are typed from memory and pasted from logs, so case and the prefix do not matter.
const Problem* find_problem(std::string_view code_or_slug) {
  std::string wanted(code_or_slug);
  std::transform(wanted.begin(), wanted.end(), wanted.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  for (const Problem& problem : kProblems) {
    std::string code = problem.code();
    code.replace(0, 2, "df");
    if (wanted == code || wanted == code.substr(2) || wanted == problem.slug()) {
      return &problem;
    }
  }
  return nullptr;
}

std::string filled(std::string_view text, const Finding& finding) {
  std::string out;
  while (!text.empty()) {
    const size_t open = text.find('{');
    out += text.substr(0, open);
    if (open == std::string_view::npos) {
      break;
    }
    const size_t close = text.find('}', open);
    const auto value = finding.args.find(std::string(text.substr(open + 1, close - open - 1)));
    out += value != finding.args.end() ? value->second : std::string(text.substr(open, close - open + 1));
    text.remove_prefix(close + 1);
  }
  return out;
}

}  // namespace dfsck
