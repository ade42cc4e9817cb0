// A seam under every system call that changes a data root, for tests that kill the process or fail a call.
#pragma once

#include <string_view>

namespace dfsck {

// Sees each mutating system call of core/fs/writer*.cc and each call that makes changes durable. `call` is the call's
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

}  // namespace dfsck
