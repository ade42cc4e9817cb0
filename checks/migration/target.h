// The target of a migration, before anything is copied to it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/fs/write/new_root.h"
#include "core/migrate/migration.h"
#include "core/migrate/plan/copy_plan.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

struct MigrationTarget {
  std::string path;  // absolute; resolved as far as it is there
  bool exists = false;
  std::unique_ptr<NewRoot> made;        // by make_migration_target
  std::optional<Root> root;             // the target, or of a dry run the directory that it would be made in
  std::optional<MigrationTrace> trace;  // of a migration that was begun
  // Why it cannot be the target of this migration, in sentences. Empty where nothing stands against it.
  std::vector<std::string> obstacles;
};

// Looks at the directory. `note` is what the migration would record of its choices (MigrationOptions::note): one that
// was begun with others is not gone on with.
MigrationTarget open_migration_target(const std::string& path, const Root& source, const std::string& note);

// Makes the directory where it is not there yet; what is above it must be. It goes again with `target.made`, unless
// that is told to keep it.
Result<void> make_migration_target(MigrationTarget& target);

// Takes back repairs of the target, of it and of the roots below it, that an earlier run was killed in: everything is
// again as it was copied.
Result<void> take_back_target_repairs(const MigrationTarget& target, const std::vector<SourceRoot>& roots,
                                      const Cancel& cancel, Progress& progress);

}  // namespace dfsck
