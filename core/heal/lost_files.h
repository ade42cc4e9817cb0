// The files whose bytes are sought, and where they were found. Internal to core/heal.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/content/layers/results.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"

namespace dfsck {

struct LostFile {
  size_t layer = 0;
  size_t issue = 0;
  std::string path;  // in the layer's tree
  uint64_t size = 0;
  uint64_t crc64 = 0;
  std::vector<Origin> origins;  // the likeliest first
  bool has_size = false;        // the file is there, a regular one of that size
};

// A file that some place has, by what it hashes to or is said to hash to.
struct FoundOrigin {
  uint64_t size = 0;
  uint64_t crc64 = 0;
  Origin origin;
};

// Questions may be asked from many threads; what is offered is taken between searches.
class LostFiles {
 public:
  // All damaged files, with the changes of single bytes that would heal them as their first origins.
  LostFiles(const Model& model, const Derived& derived, const ContentResults& content);

  std::vector<LostFile>& files() { return files_; }
  bool empty() const { return files_.empty(); }

  // Whether a file of this size, or with this CRC too, is still to be found.
  bool seeks_size(uint64_t size) const { return open_sizes_.contains(size); }
  bool seeks(uint64_t size, uint64_t crc64) const;
  bool seeks_anything() const { return !open_sizes_.empty(); }
  // A path below the root whose bytes are known to be wrong.
  bool is_damaged(const RelPath& path) const { return damaged_.contains(path.bytes()); }

  // Takes the offers in order; a few for each want. From then on what was found is not sought any more.
  void take(const std::vector<std::vector<FoundOrigin>>& found);

 private:
  void forget_found();

  std::vector<LostFile> files_;                       // by layer and issue
  std::unordered_multimap<uint64_t, size_t> by_crc_;  // indices into files_
  std::unordered_set<uint64_t> open_sizes_;
  std::unordered_set<std::string> damaged_;
};

}  // namespace dfsck
