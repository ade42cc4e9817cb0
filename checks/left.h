// What is left of a root after a repair, where no check has followed it.
#pragma once

#include "checks/report.h"

namespace dfsck {

// False where something was changed and the root was not looked at again: what was found before is no news of it.
bool is_left_known(const RootReport& report);

// Findings of the root alone that are not known to be gone.
size_t count_left(const RootReport& report, Severity severity);

}  // namespace dfsck
