// Builds the tree of causes and consequences.
#include "cmd/render/finding_tree.h"

#include <algorithm>
#include <optional>

namespace dfsck {
namespace {

Severity severity_of(const RootReport& report, size_t index) {
  return problem_of(report.findings[index].finding.problem).severity;
}

// A consequence that is graver than its cause stands alone: below a warning nobody looks for an error.
std::optional<size_t> printed_below(const RootReport& report, size_t index) {
  const std::optional<size_t> cause = report.findings[index].finding.caused_by;
  if (!cause || *cause >= report.findings.size() || severity_of(report, index) < severity_of(report, *cause)) {
    return std::nullopt;
  }
  // A circle has no place to start from: whoever is in one, or hangs on one, stands alone.
  constexpr size_t kDeepest = 300;  // a chain of layers has at most 128 links
  size_t at = *cause;
  for (size_t steps = 0; steps < kDeepest; ++steps) {
    if (at == index) {
      return std::nullopt;
    }
    const std::optional<size_t> next = report.findings[at].finding.caused_by;
    if (!next || *next >= report.findings.size()) {
      return cause;
    }
    at = *next;
  }
  return std::nullopt;
}

}  // namespace

// Findings of one problem stand together, so that its prose is read once. What follows from one of them
// is below it and is no block of its own, however many there are.
FindingTree finding_tree(const RootReport& report) {
  FindingTree tree;
  tree.consequences.resize(report.findings.size());
  std::vector<size_t> roots;
  for (size_t i = 0; i < report.findings.size(); ++i) {
    if (const std::optional<size_t> cause = printed_below(report, i)) {
      tree.consequences[*cause].push_back(i);
    } else {
      roots.push_back(i);
    }
  }
  // Errors, warnings, the rest; in each of them what a daemon would destroy something by comes first, then
  // the order of the table, which is that of the levels of a root: what is above explains what is below.
  std::stable_sort(roots.begin(), roots.end(), [&](size_t a, size_t b) {
    const Problem& first = problem_of(report.findings[a].finding.problem);
    const Problem& second = problem_of(report.findings[b].finding.problem);
    const bool comes_first = is_urgent(first.id);
    return first.severity != second.severity     ? first.severity < second.severity
           : comes_first != is_urgent(second.id) ? comes_first
                                                 : first.id < second.id;
  });
  for (const size_t index : roots) {
    const Problem* problem = &problem_of(report.findings[index].finding.problem);
    if (tree.groups.empty() || tree.groups.back().problem != problem) {
      tree.groups.push_back({problem, {}});
    }
    tree.groups.back().findings.push_back(index);
  }
  return tree;
}

size_t consequence_count(const FindingTree& tree, size_t finding) {
  size_t count = 0;
  for (const size_t below : tree.consequences[finding]) {
    count += 1 + consequence_count(tree, below);
  }
  return count;
}

}  // namespace dfsck
