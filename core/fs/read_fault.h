// A seam under reads of file contents, for tests that play a failing disk.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace dfsck {

class ReadFault {
 public:
  virtual ~ReadFault() = default;
  // The errno that a read of these bytes fails with; 0 lets it be made. Called on the thread that reads.
  virtual int strike(int file, uint64_t offset, size_t size) = 0;
};

// Sets the faults of this process; null takes them away. Tests only; not to be called while anything is read.
void set_read_fault(ReadFault* fault);
ReadFault* read_fault();

// Whether a read of these bytes has to fail; errno is set then.
inline bool read_fails(int file, uint64_t offset, size_t size) {
  ReadFault* const fault = read_fault();
  if (fault == nullptr) {
    return false;
  }
  const int code = fault->strike(file, offset, size);
  if (code != 0) {
    errno = code;
  }
  return code != 0;
}

}  // namespace dfsck
