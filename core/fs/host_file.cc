// Unlike what lies in a root, these may be links.
#include "core/fs/host_file.h"

#include <fcntl.h>

#include "core/base/patient_calls.h"
#include "core/fs/root.h"

namespace dfsck {

Result<std::string> read_host_file(const std::string& path) {
  constexpr size_t kLargest = 1U << 20;
  // O_NONBLOCK so that a FIFO in the place of daemon.json does not hold the program up.
  const Fd file(patient::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  return file ? read_all(file.get(), kLargest, path) : sys_error("open", path);
}

}  // namespace dfsck
