// The bytes of one file: shared, copied inside the kernel, or read once and written.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "core/base/patient_calls.h"
#include "core/fs/read_fault.h"
#include "core/fs/write/calls.h"
#include "core/migrate/copy_file.h"

namespace dfsck {
namespace {

constexpr size_t kCopyBuffer = 256 * 1024;  // fits into the second-level cache
constexpr uint64_t kRescue = 4096;          // what is read at once where larger reads fail
constexpr uint64_t kInside = 128 * 1024;    // below that, copying inside the kernel costs more than it saves

// One for each thread, for as long as it lives.
char* buffer_of_thread() {
  thread_local const std::unique_ptr<char[]> buffer(new char[kCopyBuffer]);
  return buffer.get();
}

// What such an error says of two filesystems holds for all their files, so nobody tries again.
bool cannot_ever(int code) { return code == EXDEV || code == EOPNOTSUPP || code == ENOTTY || code == ENOSYS; }

}  // namespace

// From the cheapest way to the dearest: shared blocks cost nothing, a copy inside the kernel saves two crossings of
// memory, reading is what always works. Where contents are summed up the bytes have to pass through here anyway.
void FileCopy::copy_all() {
  const uint64_t size = source_.info.stat.size;
  if (size == 0) {
    return;
  }
  const bool cloned = clone();
  if (cloned && !hashes()) {
    return;
  }
  for (uint64_t at = 0; at < size && at < found_end_ && !context_.stopped();) {
    uint64_t end = size;
    if (is_sparse_) {
      if (!find_data(at)) {
        return;
      }
      at = std::max(at, data_begin_);
      end = std::min(size, data_end_);
    }
    if (cloned) {
      hash_range(at, end);
    } else if (hashes() || end - at < kInside || !copy_inside(at, end)) {
      read_range(at, end);
    }
    at = end;
  }
}

void FileCopy::copy_rest(uint64_t offset) { read_range(offset, source_.info.stat.size); }

// Filesystems that know nothing of holes say that all is data.
bool FileCopy::find_data(uint64_t offset) {
  if (offset >= data_begin_ && offset < data_end_) {
    return true;
  }
  const off_t begin = ::lseek(source_.file, static_cast<off_t>(offset), SEEK_DATA);
  if (begin < 0 && errno == ENXIO) {
    return false;
  }
  const off_t end = begin < 0 ? -1 : ::lseek(source_.file, begin, SEEK_HOLE);
  data_begin_ = begin < 0 ? offset : static_cast<uint64_t>(begin);
  data_end_ = end <= begin ? UINT64_MAX : static_cast<uint64_t>(end);
  return true;
}

// Only where source and target are one filesystem that can do it (btrfs, xfs): then the copy takes no room either.
bool FileCopy::clone() {
  if (!context_.may_clone.load(std::memory_order_relaxed)) {
    return false;
  }
  const int code = clone_bytes(source_.file, target_.get());
  if (code != 0) {
    if (cannot_ever(code)) {
      context_.may_clone.store(false, std::memory_order_relaxed);
    }
    return false;
  }
  end_ = source_.info.stat.size;
  unit_.tally.bytes.fetch_add(end_, std::memory_order_relaxed);
  if (!hashes()) {
    context_.progress.add_bytes(end_);
  }
  return true;
}

// Where the kernel stops short or fails, the rest is read instead: that finds the bad block or the end, and knows how
// to go on behind it.
bool FileCopy::copy_inside(uint64_t offset, uint64_t end) {
  constexpr uint64_t kPiece = 8U << 20;  // so that a wish to stop, and the limit, are looked at
  if (!context_.may_copy_inside.load(std::memory_order_relaxed)) {
    return false;
  }
  while (offset < end && !context_.stopped()) {
    uint64_t copied = 0;
    const uint64_t wanted = std::min(kPiece, end - offset);
    const int code = read_fails(source_.file, offset, wanted)
                         ? errno
                         : copy_bytes(source_.file, target_.get(), offset, wanted, copied);
    if (code != 0 || copied == 0) {
      if (cannot_ever(code) || code == EINVAL) {
        context_.may_copy_inside.store(false, std::memory_order_relaxed);
      }
      read_range(offset, end);  // finds out what is the matter, or the end
      return true;
    }
    offset += copied;
    end_ = offset;
    unit_.tally.bytes.fetch_add(copied, std::memory_order_relaxed);
    context_.progress.add_bytes(copied);
    context_.limit.take(copied, context_.cancel);
  }
  return true;
}

// The copy shares the source's blocks, so what is summed up is the source; reading back then compares the target with
// that.
void FileCopy::hash_range(uint64_t offset, uint64_t end) {
  char* const buffer = buffer_of_thread();
  while (offset < end && !context_.stopped()) {
    const ssize_t got =
        patient::pread(source_.file, buffer, std::min<uint64_t>(kCopyBuffer, end - offset), static_cast<off_t>(offset));
    if (got <= 0) {
      return;  // reading back will tell that it differs
    }
    sum_.add(offset, {buffer, static_cast<size_t>(got)});
    context_.progress.add_bytes(static_cast<uint64_t>(got));
    offset += static_cast<uint64_t>(got);
  }
}

// A read that fails loses as little as can be: the range is gone through again in pieces of 4 KiB, and only those
// that fail by themselves become holes. For a buffer's length behind each of them the pieces stay small, since bad
// blocks come in groups.
void FileCopy::read_range(uint64_t offset, uint64_t end) {
  char* const buffer = buffer_of_thread();
  uint64_t careful_until = 0;
  while (offset < end && !context_.stopped()) {
    uint64_t wanted = std::min<uint64_t>(kCopyBuffer, end - offset);
    if (offset < careful_until) {
      wanted = std::min(wanted, kRescue - offset % kRescue);
    }
    const ssize_t got = read_fails(source_.file, offset, wanted)
                            ? -1
                            : patient::pread(source_.file, buffer, wanted, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got == 0) {
      found_end_ = offset;  // shorter than a moment ago
      return;
    }
    if (got < 0) {
      if (wanted > kRescue) {
        careful_until = offset + wanted;
        continue;
      }
      lost_code_ = errno;
      lost_ += wanted;
      careful_until = std::max(careful_until, offset + wanted + kCopyBuffer);
      offset += wanted;
      continue;
    }
    if (!piece(offset, {buffer, static_cast<size_t>(got)})) {
      return;
    }
    context_.progress.add_bytes(static_cast<uint64_t>(got));
    offset += static_cast<uint64_t>(got);
  }
}

// Bytes that lie in a hole of the source are zeros and are not written, so the copy has the same holes.
bool FileCopy::piece(uint64_t offset, std::string_view bytes) {
  if (hashes()) {
    sum_.add(offset, bytes);
  }
  context_.limit.take(bytes.size(), context_.cancel);
  while (!bytes.empty()) {
    size_t part = bytes.size();
    if (is_sparse_) {
      if (!find_data(offset)) {
        break;
      }
      const uint64_t hole = std::max(offset, data_begin_) - offset;
      if (hole >= bytes.size()) {
        break;
      }
      bytes.remove_prefix(static_cast<size_t>(hole));
      offset += hole;
      part = static_cast<size_t>(std::min<uint64_t>(bytes.size(), data_end_ - offset));
    }
    if (const int code = write_all_at(target_.get(), bytes.substr(0, part), offset); code != 0) {
      target_failed(context_, unit_, CopyProblem::Kind::LostBytes, code, "write", source_.path);
      return false;
    }
    unit_.tally.bytes.fetch_add(part, std::memory_order_relaxed);
    offset += part;
    end_ = offset;
    bytes.remove_prefix(part);
  }
  return !context_.stopped();
}

}  // namespace dfsck
