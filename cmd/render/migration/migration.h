// The report of a migration, as text and as JSON. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checks/migration/migration.h"
#include "cmd/render/render.h"
#include "core/migrate/target/switch_config.h"

namespace dfsck {

// What became of --switch.
struct SwitchOutcome {
  std::optional<SwitchedConfig> done;
  std::string failure;  // why not; empty if it was done
};

struct MigrationView {
  const MigrationReport& report;
  std::optional<SwitchOutcome> switched;  // if it was asked for and there was something to switch to
  std::vector<std::string> next;          // what to type next, from next_steps()
  int exit_code = 0;
};

std::string render_migration_text(const MigrationView& view, const RenderSettings& settings);
// Schema "docker-fsck/migrate/1"; see docker-fsck(8).
std::string render_migration_json(const MigrationView& view);

}  // namespace dfsck
