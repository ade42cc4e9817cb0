// Keeps the first shortage.
#include "core/base/shortage.h"

#include <cerrno>
#include <mutex>

namespace dfsck {
namespace {

std::mutex shortage_mutex;
// Never destroyed, for threads that outlive main(), and in need of no memory.
union Kept {
  constexpr Kept() : error() {}
  ~Kept() {}
  std::optional<Error> error;
};

// Guarded by the mutex.
std::optional<Error>& first() {
  static Kept kept;
  return kept.error;
}

}  // namespace

void note_shortage(const Error& error) {
  const std::lock_guard lock(shortage_mutex);
  // The first one only: those that follow are often its consequences, and name calls that would have worked.
  if (!is_short()) {
    first() = error;
    shortage_detail::noted.store(true, std::memory_order_release);
  }
}

void note_out_of_memory() {
  const std::lock_guard lock(shortage_mutex);
  if (!is_short()) {
    first() = std::nullopt;  // words would need memory; they are made where it is asked for
    shortage_detail::noted.store(true, std::memory_order_release);
  }
}

std::optional<Error> noted_shortage() {
  if (!is_short()) {
    return std::nullopt;
  }
  const std::lock_guard lock(shortage_mutex);
  return first() ? first() : Error{Error::Kind::Io, ENOMEM, "get memory", "", ""};
}

void forget_shortage() {
  const std::lock_guard lock(shortage_mutex);
  first() = std::nullopt;
  shortage_detail::noted.store(false, std::memory_order_release);
}

}  // namespace dfsck
