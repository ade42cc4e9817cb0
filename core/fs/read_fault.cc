// Holds the faults. Set before anything reads, so a plain pointer will do.
#include "core/fs/read_fault.h"

namespace dfsck {
namespace {

ReadFault* current = nullptr;

}  // namespace

void set_read_fault(ReadFault* fault) { current = fault; }

ReadFault* read_fault() { return current; }

}  // namespace dfsck
