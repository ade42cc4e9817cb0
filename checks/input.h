// What every check and every fix gets to see, and where findings go.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "checks/problems.h"
#include "checks/report.h"
#include "checks/sizes.h"
#include "core/content/layers/results.h"
#include "core/fs/root.h"
#include "core/journal/history.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"
#include "core/plan/finding.h"

namespace dfsck {

inline const Subject kRootSubject{SubjectKind::Root, ""};  // of findings about the data root as a whole

// Checks are pure functions of this: they read the model, what was derived from it, and the verdicts on layer content.
// `root` is for fixes alone, which look up preconditions; checks do no I/O.
struct CheckInput {
  const Root& root;
  const Model& model;
  const Derived& derived;
  const ContentResults& content;
  const DirSizes& sizes;
  Level level = Level::Full;
  std::span<const RunRecord> runs = {};  // earlier repairs of this root, oldest first
};

// Takes findings of one check. Not shared between threads.
class FindingSink {
 public:
  // Adds a finding and returns it for filling in `args`, `cause` and `hits`.
  Finding& add(ProblemId problem, Subject subject, RelPath path) {
    Finding finding;
    finding.problem = problem;
    finding.subject = std::move(subject);
    finding.path = std::move(path);
    return findings_.emplace_back(std::move(finding));
  }
  std::vector<Finding> take() { return std::move(findings_); }

 private:
  std::vector<Finding> findings_;
};

}  // namespace dfsck
