// Bytes in memory behind a file descriptor, for readers that want one.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/fs/fd.h"

namespace dfsck {

// An anonymous file (memfd_create(2)) that holds `bytes`, open for reading at its start. Nothing of it is on a disk.
Result<Fd> memory_file(std::string_view bytes);

}  // namespace dfsck
