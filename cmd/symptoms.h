// From a message of the daemon to what may have caused it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"

namespace dfsck {

enum class SymptomKind { Specific, Generic };

struct Symptom {
  SymptomKind kind;
  std::string_view pattern;
  std::string_view sample;
  std::string_view causes;  // kinds of damage, separated by commas
  std::string_view note;
};

std::span<const Symptom> all_symptoms();  // in the order in which they are tried

// The rows that match a message, which may be of several lines, as pasted from a log. The first is the best; others
// follow only where the first is Generic. Not for huge texts: what is beyond some thousand characters is not looked at.
std::vector<const Symptom*> matching_symptoms(std::string_view message);

// The problems that answer one of the row's causes, in the order of the causes.
std::vector<const Problem*> problems_behind(const Symptom& symptom);

// The rows that hint at a problem: their samples are what the daemon says when the problem is there.
std::vector<const Symptom*> symptoms_of(const Problem& problem);

}  // namespace dfsck
