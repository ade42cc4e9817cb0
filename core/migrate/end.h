// The end of a migration, and what a later run of it finds: whether the source is still what was copied, and whether
// the target is still what was made of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/migrate/migration.h"

namespace dfsck {

// What the caller says of its end.
struct MigrationOutcome {
  bool whole = false;                   // nothing of the units was lost or left damaged
  std::vector<CopyProblem> problems{};  // of what is in no unit: what the target refused then it would refuse again
};

// Ends the migration of these units into `target`: whatever else was to be done there is done. From then on it is a
// root like any other, and what is known of the migration is kept for later runs. `written` stands for what the caller
// wrote into the target without copying it.
Result<void> end_migration(const Root& source, const Root& target, const std::vector<MigrationUnit>& units,
                           std::string_view written, const MigrationOutcome& outcome, unsigned jobs,
                           const Cancel& cancel, Progress& progress);

struct MigrationComparison {
  // All of the units were copied, whole, and are as they were then; likewise what lies around them, and `written`.
  bool is_same = false;
  MigrationResult result;  // of units that are AlreadyDone, each; if it is the same
  // What stands in the target's top and is not as the migration left it, escaped: a daemon has run there, a user was
  // there, a repair was made.
  std::vector<std::string> used;
};

// Of a migration that has ended (MigrationTrace::finished). Reads names and metadata of both sides; writes nothing.
Result<MigrationComparison> compare_migration(const Root& source, const Root& target,
                                              const std::vector<MigrationUnit>& units, std::string_view written,
                                              const MigrationOptions& options, const Cancel& cancel,
                                              Progress& progress);

}  // namespace dfsck
