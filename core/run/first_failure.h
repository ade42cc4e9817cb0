// Exceptions of one of several threads, brought to the thread that waits for them all.
#pragma once

#include <exception>
#include <mutex>
#include <new>

#include "core/base/shortage.h"

namespace dfsck {

// Keeps the first exception that leaves a body. Thread-safe. An exception that nobody catches ends the process; one
// that ends a thread others wait for is a hang: so every body that runs beside others runs in here.
class FirstFailure {
 public:
  // True if the body came to its end.
  template <typename Body>
  bool run(const Body& body) noexcept {
    try {
      body();
      return true;
    } catch (const std::bad_alloc&) {
      note_out_of_memory();  // the others stop soon
      keep(std::current_exception());
    } catch (...) {
      keep(std::current_exception());
    }
    return false;
  }

  bool any() const {
    const std::lock_guard lock(mutex_);
    return failure_ != nullptr;
  }

  // Throws what was kept, if anything was.
  void rethrow() {
    const std::lock_guard lock(mutex_);
    if (failure_ != nullptr) {
      std::rethrow_exception(failure_);
    }
  }

 private:
  void keep(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (failure_ == nullptr) {
      failure_ = std::move(failure);
    }
  }

  mutable std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace dfsck
