// Telling zeros and single wrong bytes from other damage.
//
// A crash leaves zeros in whole blocks, mostly up to the end of the file; programs have blocks of zeros too. So zeros
// are blamed only where they cover whole 4 KiB blocks or reach the end of the file, and only after a single wrong byte,
// which the CRC proves, has been ruled out.
#include "core/content/damage.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "core/base/patient_calls.h"
#include "core/content/bytes/locate.h"

namespace dfsck {
namespace {

constexpr size_t kCompareBuffer = 256 * 1024;
constexpr uint64_t kSector = 512;
constexpr uint64_t kPage = 4096;
// Walking the CRC back costs a table look-up for each byte of the file; for larger ones the wait is not worth the hint.
constexpr uint64_t kMaxLocate = 1ULL << 30;

struct Run {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Looks for runs of zero sectors. A run ends where a sector holds anything else.
// By sectors because that is what a disk loses; by pages and ends because that is what a file system leaves: blocks
// that never got their data before a power cut read as zeros.
class ZeroRuns {
 public:
  void add(const char* data, size_t size, uint64_t offset) {
    for (size_t at = 0; at < size; at += kSector) {
      const size_t length = std::min<size_t>(kSector, size - at);
      const bool zero = std::all_of(data + at, data + at + length, [](char c) { return c == '\0'; });
      if (!zero) {
        close(offset + at);
      } else if (!open_) {
        open_ = true;
        current_.begin = offset + at;
      }
    }
  }
  void finish(uint64_t size) {
    reaches_end_ = open_;
    close(size);
  }

  // The run that best explains the damage: the one that reaches the end, else the first that covers whole pages.
  std::optional<Run> suspect() const { return reaches_end_ ? last_ : whole_pages_; }

 private:
  void close(uint64_t end) {
    if (!open_) {
      return;
    }
    open_ = false;
    current_.end = end;
    last_ = current_;
    if (!whole_pages_ && current_.begin % kPage == 0 && current_.end % kPage == 0) {
      whole_pages_ = current_;
    }
  }

  bool open_ = false;
  bool reaches_end_ = false;
  Run current_;
  std::optional<Run> last_, whole_pages_;
};

std::optional<Run> find_zeros(int fd, uint64_t size, const Cancel& cancel) {
  std::vector<char> buffer(kCompareBuffer);
  ZeroRuns runs;
  uint64_t offset = 0;
  while (offset < size && !cancel.requested()) {
    const ssize_t got = patient::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return std::nullopt;
    }
    runs.add(buffer.data(), static_cast<size_t>(got), offset);
    offset += static_cast<uint64_t>(got);
  }
  runs.finish(size);
  return runs.suspect();
}

std::string hex(uint8_t byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  return {'0', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

bool describe_single_byte(int fd, uint64_t size, uint64_t expected_crc, uint64_t found_crc, Issue& issue) {
  if (size > kMaxLocate) {
    return false;
  }
  std::string detail;
  // Two may explain the CRC equally well (see locate.h). Both are kept: which one is true, the digest of the layer says
  // when it is tried.
  for (const WrongByte& wrong : locate_wrong_byte(expected_crc, found_crc, size)) {
    uint8_t found = 0;
    if (patient::pread(fd, &found, 1, static_cast<off_t>(wrong.offset)) != 1) {
      continue;
    }
    const auto right = static_cast<uint8_t>(found ^ wrong.difference);
    issue.fixes.push_back({wrong.offset, right, found});
    detail += (detail.empty() ? "the byte at offset " : ", or else that at offset ") + std::to_string(wrong.offset) +
              " is " + hex(found) + ", should be " + hex(right);
  }
  if (issue.fixes.empty()) {
    return false;
  }
  issue.kind = IssueKind::BytesDiffer;
  issue.offset = issue.fixes.front().offset;
  issue.length = 1;
  issue.detail = std::move(detail);
  return true;
}

}  // namespace

void describe_damage(int fd, uint64_t size, uint64_t expected_crc, uint64_t found_crc, const Cancel& cancel,
                     Issue& issue) {
  // The single byte first, because its proof is an equation; that zeros are wrong is only likely.
  if (describe_single_byte(fd, size, expected_crc, found_crc, issue)) {
    return;
  }
  const std::optional<Run> zeros = find_zeros(fd, size, cancel);
  if (!zeros) {
    issue.kind = IssueKind::BytesDiffer;
    issue.detail = "its checksum is wrong";
    return;
  }
  issue.kind = IssueKind::ZeroFilled;
  issue.offset = zeros->begin;
  issue.length = zeros->end - zeros->begin;
  issue.detail = zeros->begin == 0 && zeros->end == size ? "holds nothing but zeros"
                 : zeros->end == size
                     ? "holds zeros from offset " + std::to_string(zeros->begin) + " to its end"
                     : "holds " + std::to_string(*issue.length) + " zeros at offset " + std::to_string(zeros->begin);
}

}  // namespace dfsck
