// Reading a tar archive entry by entry, with every byte accounted for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/codec/byte_source.h"
#include "core/codec/tar/header.h"

namespace dfsck {

struct TarStreamLimits {
  uint64_t max_entries = 20'000'000;
  size_t max_header_bytes = 9U << 20;  // of one entry: four special headers of 2 MiB and the rest
};

// What stands between two payloads. Reused from entry to entry: its strings keep their capacity.
struct TarStreamEntry {
  // The bytes since the payload before: its padding, special headers, the header. What tar-split keeps as a segment
  // (vbatts/tar-split tar/asm/disassemble.go:NewInputTarStream).
  std::string raw;
  TarHeader header;
};

// Reads archives as Go's archive/tar does, which is what dockerd takes. Entries of the old GNU sparse form ('S'), which
// dockerd never unpacks, are refused. All that parts and payloads give, in order, is the whole stream: to learn its
// digest put a HashingSource below and read to the end.
class TarStream {
 public:
  // `source` must stay. `where` is for messages.
  TarStream(ByteSource& source, std::string where, const TarStreamLimits& limits = {});

  enum class Kind {
    Entry,  // an entry; its payload comes by payload()
    Tail,  // only `raw` means something. First what ends the archive, with the padding before it; then, in pieces of up
           // to 1 MiB, what follows that
    End,   // nothing more; the source has been read to its end
  };
  // The next part; what is left of the last entry's payload is skipped. Errors: of the source, Format where the bytes
  // are no tar or cut off, Limit. After an error nothing but that error follows.
  Result<Kind> next(TarStreamEntry& entry);

  // The next piece of the current entry's payload, valid until the next call; empty at its end.
  Result<std::string_view> payload();
  // Passes over what is left of it: what next() does first.
  Result<void> skip_payload();
  // How many bytes of the payload have not been given yet.
  uint64_t payload_left() const { return payload_left_; }
  // The place in the stream of what comes next; right after next() gave an entry, where its payload begins.
  uint64_t position() const { return position_; }
  uint64_t entries() const { return entries_; }

 private:
  Result<Kind> read_entry(TarStreamEntry& entry);
  Result<Kind> finish_entry(TarStreamEntry& entry);
  Result<Kind> read_end(TarStreamEntry& entry);
  Result<Kind> read_tail(std::string& raw);
  // Up to `size` bytes of what comes next without copying; empty at the end.
  Result<std::string_view> take(uint64_t size);
  // Appends `size` bytes or all that is left; gives how many.
  Result<size_t> append(std::string& to, size_t size);
  Error malformed(std::string_view what) const;
  template <typename T>
  Result<T> remember(Result<T> result);

  ByteSource& source_;
  std::string where_;
  TarStreamLimits limits_;
  std::string_view piece_;  // of the source, not taken yet
  uint64_t position_ = 0;
  uint64_t payload_left_ = 0;
  size_t padding_ = 0;  // that follows the payload
  uint64_t entries_ = 0;
  bool in_tail_ = false;
  std::optional<Error> error_;
};

}  // namespace dfsck
