// What of a root must be the same after something that was refused or taken back.
#pragma once

#include <string>

#include "tests/support/snapshot.h"

namespace dfsck::test {

// Without what nobody can put back: the times of change of directories in which something was made and removed again.
// With `.docker-fsck` or without.
enum class OwnDirectory { Shown, OmittedEntry };
Snapshot lasting_snapshot(const std::string& root, OwnDirectory own);

}  // namespace dfsck::test
