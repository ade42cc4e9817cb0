// --root-label: a name in place of the root's path.
#pragma once

#include <string>

#include "checks/report.h"

namespace dfsck {

// The report with the path of its root replaced by `label` in every text, so that reports of copies of one root can
// be compared byte by byte. Longer names that merely begin with the path stay.
RootReport with_root_label(RootReport report, const std::string& label);

}  // namespace dfsck
