// --if-unclean: whether a check is due.
#pragma once

#include <string>

#include "cmd/render/output.h"
#include "core/fs/root.h"

namespace dfsck {

struct CheckDue {
  std::string reason;      // why a check is due; empty: it is not
  std::string last_clean;  // when the last run ended clean: "2026-01-01T00:00:00Z"
};

// Due unless the last run ended clean in this boot, and nothing looks like a crash since: containers recorded as
// running without a daemon, merged directories that a daemon would have removed, a repair that was cut off. Takes as
// long as reading the root's structure.
CheckDue check_due(const Root& root, unsigned jobs);

// What is said in place of a report.
Output render_not_due(const CheckDue& due, const std::string& root, const Options& options);

}  // namespace dfsck
