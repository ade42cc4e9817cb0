// Links in places where a daemon keeps its own things: it follows them, and a copy does not.
#pragma once

#include "checks/migration/migration.h"

namespace dfsck {

// Names in the plan what is behind them and stays there. Where it lies in the source, or is found from there only, it
// is among what the plan leaves behind for good (missed_mounts).
void name_daemon_links(const Root& source, MigrationReport& report);

}  // namespace dfsck
