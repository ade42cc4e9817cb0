// Holds the faults. Set before anything reads, so a plain pointer will do.
#include "core/fs/read_fault.h"

namespace dfsck {
namespace {

ReadFault* installed_fault = nullptr;

}  // namespace

void set_read_fault(ReadFault* fault) { installed_fault = fault; }

ReadFault* read_fault() { return installed_fault; }

}  // namespace dfsck
