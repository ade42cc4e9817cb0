// Counters that long loops raise and that a display reads now and then. No callbacks, no locks.
#pragma once

#include <atomic>
#include <cstdint>

namespace dfsck {

struct Progress {
  enum class Phase { Starting, Scanning, Checking, Content, Repairing, Copying, Verifying, Saving, Loading, Done };

  std::atomic<Phase> phase{Phase::Starting};
  // Directories while scanning, layers while verifying, saving or loading content, steps while repairing, units while
  // copying and verifying a copy.
  std::atomic<uint64_t> items_done{0};
  std::atomic<uint64_t> items_total{0};  // 0 while unknown
  std::atomic<uint64_t> bytes_done{0};   // bytes of layer content hashed or loaded, of files copied or read back
  std::atomic<uint64_t> bytes_total{0};  // expected, from recorded or estimated sizes; may be off by a little

  void add_items(uint64_t count) { items_done.fetch_add(count, std::memory_order_relaxed); }
  void add_bytes(uint64_t count) { bytes_done.fetch_add(count, std::memory_order_relaxed); }
};

}  // namespace dfsck
