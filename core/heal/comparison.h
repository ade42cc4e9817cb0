// Where a damaged file differs from the bytes that it should have. Internal to core/heal.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/content/results.h"
#include "core/fs/fd.h"

namespace dfsck {

// Takes the right bytes in order, and reads the damaged file beside them. Not thread-safe.
class Comparison {
 public:
  // Of no file there is nothing to be told.
  explicit Comparison(Fd damaged) : damaged_(std::move(damaged)) {}

  void add(std::string_view right);
  // Nothing where no byte differed or the file could not be read to its end.
  std::optional<WrongBytes> wrong() const;

 private:
  Fd damaged_;
  std::vector<char> found_;
  uint64_t offset_ = 0;
  std::optional<uint64_t> first_;
  uint64_t end_ = 0;  // behind the last byte that differs
};

}  // namespace dfsck
