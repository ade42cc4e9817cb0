// How a command ends that ran short of memory, descriptors or threads.
#pragma once

#include "cmd/render/output.h"

namespace dfsck {

// `output` as it is where nothing was short. Else with exit code 8 and the reason; what it would have said of a root
// that was not read whole is left out, but not what it says that it has done.
Output end_with_shortage(Output output, Format format);

}  // namespace dfsck
