// Holds the hook. Set before anything writes, so a plain pointer will do.
#include "core/fs/mutation.h"

namespace dfsck {
namespace {

MutationHook* current = nullptr;

}  // namespace

void set_mutation_hook(MutationHook* hook) {
  current = hook;
}

MutationHook* mutation_hook() {
  return current;
}

}  // namespace dfsck
