// Writing a small bbolt database from nothing.
#pragma once

#include <map>
#include <string>

#include "core/base/result.h"

namespace dfsck {

// Buckets by name, each with its keys and values; no buckets inside of buckets.
using BoltContent = std::map<std::string, std::map<std::string, std::string>>;

// The bytes of a whole file that bbolt opens, reads and goes on writing: both meta pages, an empty freelist, one leaf
// page for each bucket and one for the root, in this host's byte order, padded to 32 KiB as bbolt does. Equal content
// gives equal bytes. Limit beyond 65535 keys in a bucket or 256 MiB; Format for an empty key, which bbolt refuses.
Result<std::string> write_bolt(const BoltContent& content);

}  // namespace dfsck
