// What the kernel allows this process.
#pragma once

namespace dfsck {

// Raises the number of files that may be open to as many as the process may have: with many jobs the usual 1024 are soon
// used up. Where that fails, everything goes on with what there is.
void allow_many_open_files();

}  // namespace dfsck
