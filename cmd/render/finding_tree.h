// The order in which a report is read: root causes by severity and problem, what follows from each below it.
#pragma once

#include <cstddef>
#include <vector>

#include "checks/report.h"

namespace dfsck {

// All root causes of one problem, in the report's order.
struct FindingGroup {
  const Problem* problem;
  std::vector<size_t> findings;  // indices into RootReport::findings
};

struct FindingTree {
  std::vector<FindingGroup> groups;               // errors, then warnings, then infos; by code within each
  std::vector<std::vector<size_t>> consequences;  // for each finding: what is printed below it
};

// A finding stands below its cause unless it is worse than that: then it must not be overlooked, and stands alone.
// Indices that make no sense (none, itself, a circle) are ignored: every finding is in the tree exactly once.
FindingTree finding_tree(const RootReport& report);

// How many findings are below `finding`, however deep.
size_t consequence_count(const FindingTree& tree, size_t finding);

}  // namespace dfsck
