// Writes bbolt databases for recipes: every bucket one leaf page, as the smallest correct file has it.
#pragma once

#include <map>
#include <string>

namespace dfsck {

struct BoltBucket {
  std::map<std::string, std::string> values;
  std::map<std::string, BoltBucket> buckets;
};

// The whole file: two metas, an empty freelist, one leaf page (with overflow) for each bucket, 4096 bytes a page,
// padded to 32 KiB as the daemon's are (go.etcd.io/bbolt db.go:init, node.go:write).
std::string bolt_file(const BoltBucket& root);

}  // namespace dfsck
