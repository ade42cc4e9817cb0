// Byte-by-byte comparison with two fixed buffers.
#include "core/content/bytes/same_bytes.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "core/base/patient_calls.h"

namespace dfsck {
namespace {

constexpr size_t kHalfBuffer = 128 * 1024;

// Fills the buffer from `offset` as far as the file goes; less than nothing on errors.
ssize_t read_block(int fd, std::vector<char>& buffer, off_t offset) {
  size_t have = 0;
  while (have < buffer.size()) {
    const ssize_t got =
        patient::pread(fd, buffer.data() + have, buffer.size() - have, offset + static_cast<off_t>(have));
    if (got <= 0) {
      return got < 0 ? -1 : static_cast<ssize_t>(have);
    }
    have += static_cast<size_t>(got);
  }
  return static_cast<ssize_t>(have);
}

}  // namespace

bool same_bytes(const Root& root, const RelPath& first, const RelPath& second) {
  const Result<Fd> a = root.open_file(first);
  const Result<Fd> b = root.open_file(second);
  if (!a || !b) {
    return false;
  }
  std::vector<char> left(kHalfBuffer);
  std::vector<char> right(kHalfBuffer);
  for (off_t offset = 0;; offset += static_cast<off_t>(kHalfBuffer)) {
    const ssize_t have = read_block(a->get(), left, offset);
    if (have < 0 || have != read_block(b->get(), right, offset) ||
        !std::equal(left.begin(), left.begin() + have, right.begin())) {
      return false;
    }
    if (have < static_cast<ssize_t>(kHalfBuffer)) {
      return true;
    }
  }
}

}  // namespace dfsck
