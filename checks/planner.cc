// Preconditions, owners, and the loop that lets every finding's fix add its steps.
#include "checks/planner.h"

#include <numeric>
#include <set>

#include "checks/fix_references.h"
#include "checks/table.h"
#include "core/codec/digest.h"

namespace dfsck {
namespace {

constexpr uint64_t kDigestLimit = 1024 * 1024;

}  // namespace

Expect expect_now(const Root& root, const RelPath& path) {
  Expect expect;
  const Result<FileStat> stat = root.stat(path);
  if (!stat) {
    expect.absent = true;
    return expect;
  }
  expect.inode = stat->inode;
  expect.mode = stat->mode;
  expect.size = stat->size;
  expect.mtime_seconds = stat->mtime.seconds;
  expect.mtime_nanoseconds = stat->mtime.nanoseconds;
  if (stat->is_file() && stat->size <= kDigestLimit) {
    if (const Result<std::string> bytes = root.read_small(path, kDigestLimit); bytes) {
      expect.digest = "sha256:" + sha256_hex(*bytes);
    }
  }
  return expect;
}

Ownership layer_owner(const Model& model, uint32_t mode) { return {model.uid_base, model.gid_base, mode}; }

Plan make_plan(const CheckInput& input, const std::vector<Finding>& findings, const std::vector<size_t>& chosen) {
  std::set<size_t> dropped;
  for (const size_t i : chosen) {
    dropped.merge(tags_dropped_by(input, findings[i]));
  }
  CheckInput with_choice = input;
  with_choice.dropped_tags = &dropped;
  PlanBuilder builder;
  for (const size_t i : chosen) {
    if (const FixFunction fix = problem_of(findings[i].problem).fix; fix != nullptr) {
      fix(with_choice, findings[i], i, builder);
    }
  }
  return builder.finish();
}

Plan make_plan(const CheckInput& input, const std::vector<Finding>& findings) {
  std::vector<size_t> all(findings.size());
  std::iota(all.begin(), all.end(), size_t{0});
  return make_plan(input, findings, all);
}

}  // namespace dfsck
