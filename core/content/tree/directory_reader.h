// Listing directories without the price of sorting and of a string per name.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace dfsck {

// Reads directories with one buffer of its own. Not thread-safe.
class DirectoryReader {
 public:
  DirectoryReader();
  ~DirectoryReader();

  // Calls visit(name, type) for every member of the open directory `fd` but "." and ".."; `type` is S_IFREG, ...; 0 if
  // the filesystem does not tell. The order is the disk's. Stops early when visit returns false. Gives 0 or an errno.
  int read(int fd, const std::function<bool(const char* name, uint32_t type)>& visit);

 private:
  std::unique_ptr<char[]> buffer_;
};

}  // namespace dfsck
