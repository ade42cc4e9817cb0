// Holds the hook. Set before anything writes, so a plain pointer will do.
#include "core/fs/write/mutation.h"

namespace dfsck {
namespace {

MutationHook* installed_hook = nullptr;

}  // namespace

void set_mutation_hook(MutationHook* hook) { installed_hook = hook; }

MutationHook* mutation_hook() { return installed_hook; }

}  // namespace dfsck
