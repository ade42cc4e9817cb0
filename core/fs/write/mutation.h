// A seam under every system call that changes a data root, for tests that kill the process or fail a call.
#pragma once

#include <cerrno>
#include <string_view>

#include "core/base/patient_calls.h"

namespace dfsck {

// Sees each mutating system call of core/fs/write and each call that makes changes durable. `call` is the call's
// name ("renameat2", "fdatasync"). Called on the thread that writes.
class MutationHook {
 public:
  virtual ~MutationHook() = default;
  // Right before the call. Anything but 0 keeps the call from being made: it fails with that errno.
  virtual int before(std::string_view call) = 0;
  // Right after a call that was made, whether it succeeded or not.
  virtual void after(std::string_view call) = 0;
};

// Sets the hook of this process; null takes it away. Tests only; not to be called while anything is written.
void set_mutation_hook(MutationHook* hook);
MutationHook* mutation_hook();

// Makes one mutating system call, which returns a negative number and sets errno where it fails; again where it failed
// for a signal or for want of something that may be there a moment later, when it has done nothing yet.
template <typename Call>
auto mutate(std::string_view name, Call call) -> decltype(call()) {
  MutationHook* const hook = mutation_hook();
  if (hook == nullptr) {
    Patience patience;
    auto result = call();
    while (result < 0 && patience.waits(errno)) {
      result = call();
    }
    return result;
  }
  if (const int refused = hook->before(name); refused != 0) {
    errno = refused;
    return -1;
  }
  const auto result = call();
  const int code = errno;
  hook->after(name);
  errno = code;
  return result;
}

}  // namespace dfsck
