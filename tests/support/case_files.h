// The cases of fixtures/cases, and roots made from them.
#pragma once

#include <string>
#include <vector>

#include "tests/support/recipe/recipe.h"

namespace dfsck::test {

inline constexpr const char* kCases = "fixtures/cases";

// Paths of all .case files below kCases, relative to it, sorted. Empty where the folder cannot be read.
std::vector<std::string> case_files();

// Builds the case at `file` below kCases in `root`, with its damage; the directory is made if it is not there.
Result<RecipeNames> build_case(const std::string& file, const std::string& root);

}  // namespace dfsck::test
