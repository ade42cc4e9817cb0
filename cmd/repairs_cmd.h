// The commands about repairs that were made: history, undo, recover, purge; and apply, which makes one from a file.
#pragma once

#include "cmd/render/output.h"

namespace dfsck {

Output run_history(const Options& options);
Output run_undo(const Options& options);
Output run_recover(const Options& options);
Output run_purge(const Options& options);
Output run_apply(const Options& options);

}  // namespace dfsck
