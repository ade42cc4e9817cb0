// The report of a root as part of a larger document.
#pragma once

#include "checks/report.h"
#include "cmd/render/json_writer.h"

namespace dfsck {

// The members of an object, which must be open, that tell of the root and of those below it.
void write_root(const RootReport& report, JsonWriter& json);

}  // namespace dfsck
