// The databases of recipes: buckets in memory, written as bbolt files.
#pragma once

#include <map>
#include <string>

namespace dfsck {

struct RecipeBucket {
  std::map<std::string, std::string> values;
  std::map<std::string, RecipeBucket> buckets;
};

// The whole file, as large as the daemon's smallest: 32 KiB. `leaked` pages are neither used nor free.
std::string bolt_file(const RecipeBucket& root, size_t leaked);

}  // namespace dfsck
