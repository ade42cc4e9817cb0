// The tree of a bbolt file whose meta pages are both lost.
#pragma once

#include <optional>

#include "core/codec/bolt/bolt.h"

namespace dfsck {

struct FoundRoot {
  BoltMeta meta;
  // A freelist page of the file and this tree share out all pages between them, so that the tree is that of the last
  // transaction or of the one before it; nothing in the file says which. False: of any age.
  bool recent = false;
};

// The best root bucket among the pages: one with a freelist that fits, else one below which every page can be read,
// else the one with the most entries that can. Of several equal ones the one with more entries, then with the lower
// page id. Nothing if there is none; also for files over 16 MiB, which are not searched. Thread-safe.
std::optional<FoundRoot> find_bolt_root(const BoltFile& file);

}  // namespace dfsck
