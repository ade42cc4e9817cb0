// The cases of fixtures/cases.
#pragma once

#include <string>
#include <vector>

namespace dfsck::test {

inline constexpr const char* kCases = "fixtures/cases";

// Paths of all .case files below kCases, relative to it, sorted. Empty where the folder cannot be read.
std::vector<std::string> case_files();

}  // namespace dfsck::test
