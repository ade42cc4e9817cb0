// The inner loop of the program: read, CRC, and on to the digest, with the bytes still in the processor's cache.
#include "core/content/bytes/payload.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "core/base/patient_calls.h"
#include "core/codec/crc64.h"
#include "core/fs/read_fault.h"

namespace dfsck {
namespace {

constexpr size_t kReadBuffer = 256 * 1024;  // fits into the second-level cache beside everything else
constexpr uint64_t kAhead = 4U << 20;       // of a cold file that the kernel is asked to fetch in advance
constexpr int kNoWait = 0x8;                // RWF_NOWAIT

// Reads what is in the page cache already; EAGAIN if nothing is.
ssize_t read_cached(int fd, char* buffer, size_t size, uint64_t offset) {
  struct iovec vector {
    buffer, size
  };
  return ::preadv2(fd, &vector, 1, static_cast<off_t>(offset), kNoWait);
}

void fetch(int fd, uint64_t offset, uint64_t length) {
  ::posix_fadvise(fd, static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_WILLNEED);
}

}  // namespace

PayloadReader::PayloadReader(const Cancel& cancel, Progress& progress) : cancel_(cancel), progress_(progress) {}

PayloadReader::~PayloadReader() = default;

PayloadReader::Outcome PayloadReader::read(int fd, uint64_t size, const Witness& witness) {
  if (!buffer_) {
    buffer_.reset(new char[kReadBuffer]);
  }
  return read_into(
      fd, size, [this] { return std::span(buffer_.get(), kReadBuffer); }, witness);
}

PayloadReader::Outcome PayloadReader::read(int fd, uint64_t size, TarDigest& digest, const Witness& witness) {
  return read_into(
      fd, size, [&digest] { return digest.room(); },
      [&](std::string_view piece) {
        digest.take(piece.size());
        if (witness) {
          witness(piece);
        }
      });
}

// Never more than `size` bytes, whatever the file has become: the tar has room for those and no others.
template <typename Room, typename Taken>
PayloadReader::Outcome PayloadReader::read_into(int fd, uint64_t size, Room room, Taken taken) {
  Outcome outcome;
  Crc64 crc;
  uint64_t fetched = 0;  // up to where the kernel was asked, once the file is cold
  while (outcome.bytes < size && !cancel_.requested()) {
    const std::span<char> into = room();
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(into.size(), size - outcome.bytes));
    // Whether a file is cold is asked with the read itself (RWF_NOWAIT): a warm file pays nothing for the question, and
    // a cold one is told of by EAGAIN before the disk is waited for.
    ssize_t got = outcome.was_cold ? -1 : read_cached(fd, into.data(), wanted, outcome.bytes);
    if (got < 0) {
      // Not in the cache, or the filesystem does not know the question: from here on the kernel is kept ahead of us.
      if (!outcome.was_cold && errno == EAGAIN) {
        outcome.was_cold = true;
        fetch(fd, outcome.bytes, kAhead);
        fetched = outcome.bytes + kAhead;
      } else if (outcome.was_cold && fetched < size && fetched - outcome.bytes <= kAhead / 2) {
        fetch(fd, fetched, kAhead / 2);
        // In halves, so that a part is always on its way while another is hashed. The kernel's own read-ahead starts
        // small and would have to learn each file anew.
        fetched += kAhead / 2;
      }
      got = patient::pread(fd, into.data(), wanted, static_cast<off_t>(outcome.bytes));
    }
    if (read_fails(fd, outcome.bytes, wanted)) {
      got = -1;
    }
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      outcome.error = errno;
      break;
    }
    if (got == 0) {
      break;  // shorter than a moment ago
    }
    const std::string_view piece(into.data(), static_cast<size_t>(got));
    crc.update(piece.data(), piece.size());
    taken(piece);
    outcome.bytes += piece.size();
    progress_.add_bytes(piece.size());
  }
  outcome.crc64 = crc.value();
  return outcome;
}

}  // namespace dfsck
