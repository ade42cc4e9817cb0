// The entries of a layer with some of what is to come, so that the disk fetches the next files while this one is
// hashed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/codec/tar/layer_stream.h"
#include "core/content/tree/tree_cursor.h"

namespace dfsck {

// Looks ahead only while files turn out not to be in the page cache: on warm files it costs nothing.
class ReadAhead {
 public:
  // `tree` is diff/.
  ReadAhead(LayerStream& stream, int tree);

  // The next part of the tar; `entry` points to it until the next call. Errors come in their place in the stream.
  Result<LayerStream::Kind> next(LayerEntry*& entry);
  // A file had to come from the disk.
  void saw_cold_file() { cold_left_ = kColdEntries; }

 private:
  static constexpr size_t kSlots = 64;               // entries in advance
  static constexpr uint64_t kMaxBytes = 32U << 20;   // of files in advance
  static constexpr uint64_t kMaxPerFile = 4U << 20;  // the reader itself fetches the rest of large files
  static constexpr uint64_t kColdEntries = 128;      // for how long one cold file makes us look ahead

  struct Slot {
    LayerEntry entry;
    uint64_t fetched = 0;
  };

  void fill(size_t wanted);
  void fetch(Slot& slot);

  LayerStream& stream_;
  TreeCursor cursor_;
  std::vector<Slot> slots_;
  size_t first_ = 0;
  size_t count_ = 0;
  uint64_t bytes_ = 0;
  uint64_t cold_left_ = 0;
  std::vector<LayerStream::Kind> kinds_;
  // What ended the stream, to be given when all before it has been.
  Result<LayerStream::Kind> end_ = LayerStream::Kind::Entry;
  bool ended_ = false;
};

}  // namespace dfsck
