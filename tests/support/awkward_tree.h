// A small root with everything in it that copying gets wrong, and a way to compare copies.
#pragma once

#include <string>
#include <vector>

#include "core/migrate/migration.h"
#include "tests/support/snapshot.h"

namespace dfsck::test {

// Below `root`: two volumes, one container directory, a directory of a layer without reference, a single file.
void make_awkward_tree(const std::string& root);
std::vector<MigrationUnit> awkward_units();

// Takes the immutable and append-only flags off everything below, so that it can be removed.
void unguard(const std::string& root);

// take_snapshot without what a copy cannot have (inode numbers, times of change, sizes of directories, `.docker-fsck`),
// with the first name of files with several in the place of their inode, and with inode flags.
Snapshot shape_of(const std::string& root);
// The shape of the source without sockets: what a copy has to be.
Snapshot shape_of_source(const std::string& root);

// Copies all units of the awkward tree (or those given) with one job.
Result<MigrationResult> migrate(const std::string& from, const std::string& to, const MigrationOptions& options = {},
                                const std::vector<MigrationUnit>& units = awkward_units());

}  // namespace dfsck::test
