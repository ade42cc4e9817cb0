// How far a key can be trusted that was salvaged from a bbolt file.
#pragma once

#include <string_view>

namespace dfsck {

// From the best to the worst; a worse one never replaces a better one.
enum class BoltOrigin {
  Tree,      // where the newest transaction has it: current
  Fixed,     // there too, but in a page whose header had to be repaired
  InUse,     // in a page to which nothing leads any more, but which is not free: current, unless it was leaked
  Older,     // in the tree of an earlier transaction, as a rule the last but one
  Leftover,  // in a page that is free, or of which nobody knows: of any age
};

// "current", "from an older copy", ...: a clause that says how far the origin is to be trusted.
std::string_view bolt_origin_text(BoltOrigin origin);

}  // namespace dfsck
