// What was not to be had of one root, of all that this process was not let read (see core/base/unread.h).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/relpath.h"
#include "core/fs/root.h"

namespace dfsck {

struct RootUnread {
  RelPath path;
  std::string op;  // "open", "list attributes of"
  int code = 0;
};

// Those in the root, behind the links of its areas as well, noted since the count was `from`. Sorted, one for each
// path.
std::vector<RootUnread> unread_in(const Root& root, size_t from);

}  // namespace dfsck
