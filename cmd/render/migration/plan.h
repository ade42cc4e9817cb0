// What a migration takes along and what it leaves behind, as text.
#pragma once

#include <string>
#include <vector>

#include "checks/migration/migration.h"
#include "cmd/render/render.h"

namespace dfsck {

// Of the plan alone, which a dry run and a run make in the same way: so both say it in the same words. Pure.
std::string render_migration_plan(const MigrationReport& report, const RenderSettings& settings);

// "3 images with 4 tags, 12 layers" and so on, line by line.
std::vector<std::string> inventory_lines(const Inventory& inventory);

}  // namespace dfsck
