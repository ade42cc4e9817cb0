// The source of a migration: the root, those of remapped daemons below it, and all that was read of them.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "checks/runner.h"
#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/migrate/plan/copy_plan.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

// Constant once it is open. Only ever read.
class MigrationSource {
 public:
  // An Error where there is nothing of Docker's. A root below that cannot be looked at is copied as it is.
  static Result<std::unique_ptr<const MigrationSource>> open(const std::string& path, unsigned jobs,
                                                             const Cancel& cancel, Progress& progress);

  const Root& root() const { return parts_.front().root; }
  const std::vector<SourceRoot>& roots() const { return sources_; }  // the root itself comes first
  const Root& root_of(const SourceRoot& source) const;
  const SourceRoot& around(const RelPath& path) const;  // the innermost one that the path lies in

  std::vector<std::string> evidence_of_users() const;  // why it counts as live, in words; empty if it does not
  std::vector<std::string> unfinished_repairs() const;
  // Why roots below could not be looked at.
  std::vector<std::string> unreadable() const;

  // As check_root, without reading again what was read when it was opened.
  Result<RootReport> check(const CheckOptions& options, const Cancel& cancel, Progress& progress) const;

 private:
  struct Part {
    Root root;
    std::shared_ptr<const Model> model;
    Derived derived;
  };
  // A root below: what was read of it, or why nothing was.
  using Below = Result<const Part*>;

  MigrationSource() = default;
  Below add(Root root, RelPath prefix, unsigned jobs, const Cancel& cancel, Progress& progress);

  std::list<Part> parts_;  // stay where they are: sources_ points to them
  std::vector<SourceRoot> sources_;
  std::vector<Below> below_;  // of the source itself
};

}  // namespace dfsck
