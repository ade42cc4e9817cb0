// The names of all problems, as constants: problem::short_link_missing and so on. Made from table.def.
#pragma once

#include "core/plan/finding.h"

namespace dfsck::problem {

#define CHECK(function, title)
#define PROBLEM(code, name, check, severity, safety, fix, catalogue, text, consequence, remedy) \
  inline constexpr ProblemId name{code};
#include "checks/table.def"
#undef CHECK
#undef PROBLEM

}  // namespace dfsck::problem
