// The two meta pages of a bbolt file: which one counts, and the page size and byte order of the file.
//
// Facts: bbolt internal/common/meta.go, db.go:getPageSize and db.go:meta. A transaction ends with writing meta page
// (txid mod 2); of two valid ones the higher txid counts. One invalid meta page is what a crash in that last write
// leaves, and is healthy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/codec/bolt/page.h"

namespace dfsck {

struct BoltMeta {
  static constexpr BoltPageId kNoFreelist = 0xffffffffffffffff;

  uint32_t page_size = 0;
  BoltPageId root = 0;
  uint64_t root_sequence = 0;
  BoltPageId freelist = kNoFreelist;  // kNoFreelist: not stored, as containerd does since 1.6
  uint64_t high_water = 0;            // pages in use: the first page id that was never used
  uint64_t txid = 0;
};

enum class BoltMetaState {
  Valid,
  Missing,  // the file ends before it
  BadMagic,
  BadVersion,
  BadPageSize,  // no power of two from 1024 to 16 MiB, or not the page size of the file
  BadChecksum,  // also checksum 0, which boltdb took for "unchecked" and no dockerd ever wrote
};

// "bad checksum", for messages.
std::string_view bolt_meta_state_text(BoltMetaState state);

struct BoltMetas {
  BoltLayout layout;  // if no meta page is valid: what the ids of the other pages speak for, else 4096
  std::array<BoltMetaState, 2> states{BoltMetaState::Missing, BoltMetaState::Missing};
  std::optional<size_t> chosen;   // 0 or 1; nothing if none is valid
  BoltMeta meta;                  // the chosen one
  std::optional<BoltMeta> other;  // the one that was not chosen, if it is valid too: the transaction before
};

// FNV-1a, 64 bits: what ends a meta page.
uint64_t bolt_checksum(std::string_view bytes);

// Any bytes are fine. Thread-safe.
BoltMetas read_bolt_metas(std::string_view file);

}  // namespace dfsck
