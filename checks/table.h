// The table of problems: what each one is called, how bad it is, what a repair may do, and the words for it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/plan/finding.h"
#include "core/plan/plan.h"

namespace dfsck {

struct CheckInput;
class FindingSink;

// Error: something is lost, or the daemon or a container will get something wrong. Warning: garbage, an orphan or a
// risk, while all that is used is whole. Info: a fact worth knowing.
enum class Severity { Error, Warning, Info };

// From which alone every mode decides whether a repair is made.
enum class Safety {
  None,   // reported only
  Safe,   // rebuilds derived data, proven by a hash or another copy
  Clean,  // nothing refers to it; it is moved into quarantine
  Ask,    // moves something of possible value aside, or picks the only candidate without proof
  Lossy,  // an object that the user can see stops existing
};

std::string_view severity_name(Severity severity);  // "error"
std::string_view safety_name(Safety safety);        // "safe"

using CheckFunction = void (*)(const CheckInput&, FindingSink&);
using FixFunction = void (*)(const CheckInput&, const Finding&, size_t index, PlanBuilder&);

struct Check {
  std::string_view name;  // with '_' as in the function's name
  std::string_view title;
  CheckFunction run;
};

struct Problem {
  ProblemId id;
  std::string_view name;  // with '_'; slug() is what users see
  std::string_view check;
  Severity severity;
  Safety safety;
  FixFunction fix;  // null for Safety::None
  std::string_view catalogue;
  std::string_view text;
  std::string_view consequence;
  std::string_view remedy;

  std::string code() const;  // "DF0301"
  std::string slug() const;  // "layer-dir-missing"
  std::string area() const;  // "overlay2": by the first two digits of the code
};

std::span<const Check> all_checks();      // in the order in which they run
std::span<const Problem> all_problems();  // by rising code

const Problem& problem_of(ProblemId id);
// A daemon would of itself destroy something by it: it stands before all others in a report.
bool is_urgent(ProblemId id);
// By code in any case ("DF0301", "df0301", "0301") or by slug; null if there is none.
const Problem* find_problem(std::string_view code_or_slug);

// The areas that --only and --skip know, with the first two digits of their codes.
struct Area {
  int number;
  std::string_view name;
};
std::span<const Area> all_areas();

// `text` with each {hole} filled from the finding's args; a hole without an argument is a bug and shows as "{hole}".
std::string filled(std::string_view text, const Finding& finding);

}  // namespace dfsck
