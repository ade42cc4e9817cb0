// Standard input as a file that can be read in any order.
#pragma once

#include "core/base/result.h"
#include "core/fs/fd.h"
#include "core/run/cancel.h"

namespace dfsck {

// Standard input itself where it is a regular file that has not been read from; else a copy of all of it, in a file
// without a name in $TMPDIR or /var/tmp, whose space is given back when it is closed. Limit error beyond 1 TiB, Io
// where there is no room, Cancelled.
Result<Fd> spooled_input(const Cancel& cancel);

}  // namespace dfsck
