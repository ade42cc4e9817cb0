// Writing a bbolt database from nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "core/base/result.h"

namespace dfsck {

// A bucket: its values and the buckets in it, by key. Of equal keys in both the bucket counts.
struct BoltContent {
  uint64_t sequence = 0;  // what the bucket counts with (bbolt Bucket.NextSequence)
  std::map<std::string, std::string, std::less<>> values;
  std::map<std::string, BoltContent, std::less<>> buckets;
  friend bool operator==(const BoltContent&, const BoltContent&) = default;
};

// The bytes of a whole file that bbolt opens, reads and goes on writing: both meta pages, an empty freelist, every
// bucket as a tree of pages or, where it is small, inside of its parent, in this host's byte order, padded to 32 KiB as
// bbolt does. Equal content gives equal bytes. Errors: Format for what bbolt refuses (an empty key, a key over 32 KiB,
// a value at the top, where only buckets can be); Limit beyond 256 MiB or 32 buckets inside of one another.
Result<std::string> write_bolt(const BoltContent& root);

}  // namespace dfsck
