// FileRange on pread.
#include "core/donor/file_range.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/patient_calls.h"

namespace dfsck {

FileRange::FileRange(std::shared_ptr<const Fd> fd, uint64_t begin, uint64_t end, std::string where, size_t buffer_size)
    : fd_(std::move(fd)), position_(begin), end_(end), where_(std::move(where)), buffer_size_(buffer_size) {}

Result<std::string_view> FileRange::next() {
  const auto wanted = static_cast<size_t>(std::min<uint64_t>(buffer_size_, end_ - position_));
  if (wanted == 0) {
    return std::string_view();
  }
  if (!buffer_) {
    buffer_ = std::make_unique_for_overwrite<char[]>(wanted);  // later pieces are never larger than the first
  }
  ssize_t got = 0;
  do {
    got = patient::pread(fd_->get(), buffer_.get(), wanted, static_cast<off_t>(position_));
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return sys_error("read", where_);
  }
  // Not the end of a stream but an archive that somebody truncates or writes: what was read so far is no beginning of
  // anything.
  if (got == 0) {
    return format_error("read", where_, "became shorter while it was read");
  }
  position_ += static_cast<uint64_t>(got);
  return std::string_view(buffer_.get(), static_cast<size_t>(got));
}

// Nothing is read: what lies between two headers of a plain archive costs no I/O.
Result<uint64_t> FileRange::skip(uint64_t bytes) {
  const uint64_t skipped = std::min(bytes, end_ - position_);
  position_ += skipped;
  return skipped;
}

}  // namespace dfsck
