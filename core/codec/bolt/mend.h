// Pages of a bbolt file whose contents are whole, but whose headers are not, or that lie where another page should.
#pragma once

#include <set>
#include <string>

#include "core/codec/bolt/bolt.h"

namespace dfsck {

struct FixedPages {
  std::string bytes;  // of the whole file, with those pages as they should be; empty if there are none
  std::set<BoltPageId> pages;
};

// Puts pages back that lie in one another's places, by the ids in their headers, and gives branch and leaf pages with a
// wrong id or type the right one. A page counts as whole only if its elements lie in it exactly as bbolt lays them out
// (internal/common/page.go, node.go:write): one behind the other, keys ascending. Meta pages and pages that can be read
// stay as they are. Whether such a page is the newest of its kind, nothing in it says. Thread-safe.
FixedPages fix_bolt_pages(const BoltFile& file);

}  // namespace dfsck
