// Adds up what the units came to.
#include "cmd/render/migration/sums.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/base/text.h"

namespace dfsck {

// Counted as the plan counts, so that the numbers of a dry run and of the run can be compared.
MigrationSums migration_sums(const MigrationReport& report) {
  MigrationSums sums;
  for (const UnitResult& unit : report.copied ? report.copied->units : std::vector<UnitResult>{}) {
    ++sums.units;
    sums.units_done += unit.state == UnitResult::State::AlreadyDone ? 1 : 0;
    sums.units_changed += unit.changed_since ? 1 : 0;
    // As the plan counts them: further names of a file are no files.
    sums.files +=
        unit.state == UnitResult::State::Copied ? unit.files - std::min(unit.files, unit.kept + unit.links) : 0;
    sums.bytes += unit.bytes;
    sums.layers_verified += unit.verdict && unit.verdict->digest_matches ? 1 : 0;
  }
  sums.layers = report.inventory.source.of(InventoryKind::Layer).size();
  // Of what is in the target now and not of what this run has copied: after a run that went
  // on where another was cut off, both count.
  if (report.inventory.target) {
    sums.layers_verified = report.inventory.proven_layers;
  }
  return sums;
}

// Thousands of things can be left out for one reason; the reason is what has to be read.
std::vector<OmissionSum> omission_sums(const std::vector<Omission>& omissions) {
  std::map<std::pair<Omission::Kind, std::string>, OmissionSum> by_reason;
  for (const Omission& omission : omissions) {
    OmissionSum& sum = by_reason[{omission.kind, omission.reason}];
    if (sum.count++ == 0) {
      sum.kind = omission.kind;
      sum.reason = omission.reason;
      sum.first = omission.path.text() + (omission.contents_only ? "/*" : "");
    }
    sum.bytes += omission.bytes;
  }
  std::vector<OmissionSum> sums;
  for (auto& [key, sum] : by_reason) {
    sums.push_back(std::move(sum));
  }
  return sums;
}

std::string OmissionSum::text() const {
  return first + (count > 1 ? " and " + std::to_string(count - 1) + " more" : "") + ": " + reason + " (" +
         human_bytes(bytes) + ")";
}

// Sorted, since units end in any order: two runs over the same source say the same.
std::vector<const CopyProblem*> copy_problems(const MigrationReport& report) {
  std::vector<const CopyProblem*> problems;
  if (report.copied) {
    for (const UnitResult& unit : report.copied->units) {
      for (const CopyProblem& problem : unit.problems) {
        problems.push_back(&problem);
      }
    }
    for (const CopyProblem& problem : report.copied->problems) {
      problems.push_back(&problem);
    }
  }
  std::sort(problems.begin(), problems.end(), [](const CopyProblem* a, const CopyProblem* b) {
    return std::tie(a->path, a->kind, a->detail) < std::tie(b->path, b->kind, b->detail);
  });
  return problems;
}

// Only what was met while copying; what was known before stands in the plan.
std::vector<OmittedEntry> sockets_and_mounts(const MigrationReport& report) {
  std::vector<OmittedEntry> left;
  for (const UnitResult& unit : report.copied ? report.copied->units : std::vector<UnitResult>{}) {
    left.insert(left.end(), unit.omitted.begin(), unit.omitted.end());
  }
  std::sort(left.begin(), left.end(), [](const OmittedEntry& a, const OmittedEntry& b) { return a.path < b.path; });
  return left;
}

}  // namespace dfsck
