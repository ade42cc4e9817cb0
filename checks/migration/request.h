// What a migration asks of the copier, and what it leaves for later runs to tell whether they ask for the same.
#pragma once

#include <string>
#include <vector>

#include "checks/migration/migration.h"

namespace dfsck {

// The choices that decide what the target holds. What was begun with others is not gone on with.
std::string note_of(const MigrationWish& wish);

// What is written without being copied, in one text.
std::string written_as(const std::vector<WrittenFile>& files);

MigrationOptions request_of(const MigrationWish& wish, const CopyPlan& plan);

// What is copied: report.copied_units.
std::vector<MigrationUnit> units_of(const MigrationReport& report);

}  // namespace dfsck
