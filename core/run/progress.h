// Counters that long loops raise and that a display reads now and then. No callbacks, no locks.
#pragma once

#include <atomic>
#include <cstdint>

namespace dfsck {

struct Progress {
  enum class Phase { Starting, Scanning, Checking, Content, Loading, Repairing, Done };

  std::atomic<Phase> phase{Phase::Starting};
  std::atomic<uint64_t> items_done{0};   // directories while scanning, layers while verifying content and loading, steps while repairing
  std::atomic<uint64_t> items_total{0};  // 0 while unknown
  std::atomic<uint64_t> bytes_done{0};   // bytes of layer content hashed, or loaded
  std::atomic<uint64_t> bytes_total{0};  // expected, from the layers' recorded sizes; may be off by a little

  void add_items(uint64_t count) { items_done.fetch_add(count, std::memory_order_relaxed); }
  void add_bytes(uint64_t count) { bytes_done.fetch_add(count, std::memory_order_relaxed); }
};

}  // namespace dfsck
