// etcd's WAL decoder, as far as it decides whether a file can be read.
#include "core/codec/etcd_wal.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace dfsck {
namespace {

constexpr size_t kLengthSize = 8;
// decoder.go:minSectorSize: what a disk writes all of or nothing of.
constexpr size_t kSectorSize = 512;
constexpr uint64_t kCrcType = 4;
constexpr uint64_t kLastType = 5;  // metadata, entry, state, crc, snapshot

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78U : 0U);
    }
    table[i] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

// Reads the fields of a protobuf message one after the other; only varints, fixed numbers and bytes occur.
class MessageReader {
 public:
  struct Field {
    uint64_t number = 0;
    uint64_t varint = 0;                    // the value if it is a varint
    std::optional<std::string_view> bytes;  // the value if it is a string of bytes
  };

  explicit MessageReader(std::string_view bytes) : left_(bytes) {}

  // The next field; nothing at the end or where the message is malformed.
  std::optional<Field> next() {
    if (left_.empty()) {
      return std::nullopt;
    }
    const std::optional<uint64_t> tag = read_varint();
    Field field;
    if (tag && *tag >> 3 != 0 && read_value(*tag & 7, field)) {
      field.number = *tag >> 3;
      return field;
    }
    malformed_ = true;
    return std::nullopt;
  }

  bool malformed() const { return malformed_; }

 private:
  bool read_value(uint64_t wire_type, Field& field) {
    switch (wire_type) {
      case 0: {
        const std::optional<uint64_t> value = read_varint();
        field.varint = value.value_or(0);
        return value.has_value();
      }
      case 1: return skip(8);
      case 2: {
        const std::optional<uint64_t> size = read_varint();
        if (!size || *size > left_.size()) {
          return false;
        }
        field.bytes = left_.substr(0, static_cast<size_t>(*size));
        return skip(*size);
      }
      case 5: return skip(4);
      default: return false;
    }
  }

  std::optional<uint64_t> read_varint() {
    uint64_t value = 0;
    // Ten bytes at most: a varint of 64 bits has no more, and a longer one would shift beyond the value.
    for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(left_.front());
      left_.remove_prefix(1);
      value |= uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    return std::nullopt;
  }

  bool skip(uint64_t size) {
    if (size > left_.size()) {
      return false;
    }
    left_.remove_prefix(static_cast<size_t>(size));
    return true;
  }

  std::string_view left_;
  bool malformed_ = false;
};

struct Record {
  uint64_t type = 0;
  uint32_t crc = 0;
  std::string_view data;
};

// Unknown fields are passed over, as protobuf wants it: a later etcd may add some, and the checksum is over `data`
// alone.
std::optional<Record> parse_record(std::string_view bytes) {
  Record record;
  MessageReader reader(bytes);
  while (const std::optional<MessageReader::Field> field = reader.next()) {
    if (field->number == 1) {
      record.type = field->varint;
    } else if (field->number == 2) {
      record.crc = static_cast<uint32_t>(field->varint);
    } else if (field->number == 3 && field->bytes) {
      record.data = *field->bytes;
    }
  }
  return reader.malformed() ? std::nullopt : std::optional(record);
}

struct Frame {
  uint64_t record_size = 0;
  uint64_t padding = 0;
};

// The length word: size in the lower 56 bits; if the top bit is set, the padding in the three bits from 56 up.
Frame parse_length(std::string_view bytes, size_t at) {
  uint64_t word = 0;
  for (size_t i = 0; i < kLengthSize; ++i) {
    word |= uint64_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
  }
  Frame frame;
  frame.record_size = word & 0x00ffffffffffffffU;
  frame.padding = word >> 63 != 0 ? (word >> 56) & 7 : 0;
  return frame;
}

bool is_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

// Whether one of the disk sectors that `frame` (at `offset` of the file) touches holds nothing but zeros: then the disk
// never got it, and the record was being written when the power went (decoder.go:isTornEntry).
bool has_empty_sector(std::string_view frame, size_t offset) {
  while (!frame.empty()) {
    const size_t size = std::min(kSectorSize - offset % kSectorSize, frame.size());
    if (is_zero(frame.substr(0, size))) {
      return true;
    }
    frame.remove_prefix(size);
    offset += size;
  }
  return false;
}

class WalReader {
 public:
  WalReader(std::string_view bytes, uint32_t crc_before, WalPlace place) : bytes_(bytes), place_(place) {
    check_.crc = crc_before;
  }

  WalCheck run() {
    while (read_record()) {
      ++check_.records;
    }
    return std::move(check_);
  }

 private:
  enum class Cause { Unfinished, Damaged };

  // Torn can only be what was written last. The same bytes in an earlier file are damage, because later files show that
  // the manager went on after them.
  bool fail(Cause cause, std::string detail) {
    check_.problem = WalProblem{check_.end, std::move(detail), cause == Cause::Unfinished && place_ == WalPlace::Last};
    return false;
  }

  // Reads the record at check_.end; false at the end of the log or at a problem.
  bool read_record() {
    const size_t at = static_cast<size_t>(check_.end);
    const size_t left = bytes_.size() - at;
    if (left == 0) {
      return false;
    }
    if (left < kLengthSize) {
      return fail(Cause::Unfinished, "the file ends in the middle of a length");
    }
    // Files are allocated beforehand (wal.go:SegmentSizeBytes, 64 MB), so that writing a record does not change the
    // file's size: what follows the last record is zeros, and a length of zero ends the log.
    if (is_zero(bytes_.substr(at, kLengthSize))) {
      return false;
    }
    const Frame frame = parse_length(bytes_, at);
    // 56 bits and 3 bits: the sum cannot wrap around.
    const uint64_t size = frame.record_size + frame.padding;
    if (size > left - kLengthSize) {
      return fail(Cause::Unfinished, "a record of " + std::to_string(frame.record_size) +
                                         " bytes, but the file ends after " + std::to_string(left - kLengthSize));
    }
    const size_t start = at + kLengthSize;
    const std::string_view content = bytes_.substr(start, static_cast<size_t>(size));
    const Cause cause = has_empty_sector(content, start) ? Cause::Unfinished : Cause::Damaged;
    const std::optional<Record> record = parse_record(content.substr(0, static_cast<size_t>(frame.record_size)));
    if (!record) {
      return fail(cause, "a record that cannot be decoded");
    }
    if (!accept(*record, cause)) {
      return false;
    }
    check_.end += kLengthSize + size;
    return true;
  }

  bool accept(const Record& record, Cause cause) {
    if (record.type == kCrcType) {
      // The first file that is left of a log goes on from one that was deleted: it has no value to compare with.
      if (check_.crc != 0 && record.crc != check_.crc) {
        return fail(Cause::Damaged, "does not continue the checksum of what stands before it");
      }
      check_.crc = record.crc;
      return true;
    }
    const uint32_t crc = crc32c(check_.crc, record.data);
    if (record.crc != crc) {
      return fail(cause, "checksum mismatch");
    }
    if (record.type == 0 || record.type > kLastType) {
      return fail(Cause::Damaged, "a record of the unknown type " + std::to_string(record.type));
    }
    // The sum runs on over all records, so that a record that was lost or doubled shows at the next one.
    check_.crc = crc;
    return true;
  }

  std::string_view bytes_;
  WalPlace place_;
  WalCheck check_;
};

}  // namespace

uint32_t crc32c(uint32_t crc, std::string_view bytes) {
  crc = ~crc;
  for (const char c : bytes) {
    crc = kCrcTable[(crc ^ static_cast<uint8_t>(c)) & 0xff] ^ (crc >> 8);
  }
  return ~crc;
}

WalCheck check_wal(std::string_view bytes, uint32_t crc_before, WalPlace place) {
  return WalReader(bytes, crc_before, place).run();
}

Result<void> check_raft_snapshot(std::string_view bytes) {
  constexpr std::string_view kOperation = "read raft snapshot";
  if (bytes.empty()) {
    return format_error(kOperation, "", "empty");
  }
  uint32_t crc = 0;
  std::string_view data;
  MessageReader reader(bytes);
  while (const std::optional<MessageReader::Field> field = reader.next()) {
    if (field->number == 1) {
      crc = static_cast<uint32_t>(field->varint);
    } else if (field->number == 2 && field->bytes) {
      data = *field->bytes;
    }
  }
  if (reader.malformed()) {
    return format_error(kOperation, "", "cannot be decoded");
  }
  // snapshotter.go:Read refuses both, before it compares.
  if (data.empty() || crc == 0) {
    return format_error(kOperation, "", "holds no data");
  }
  if (crc != crc32c(0, data)) {
    return format_error(kOperation, "", "checksum mismatch");
  }
  return {};
}

}  // namespace dfsck
