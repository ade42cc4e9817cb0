// Fuzzes the raft WAL and snapshot checks. The first byte chooses the place of the file, the next four the checksum
// before it.
#include "core/codec/etcd_wal.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 5) {
    return 0;
  }
  const dfsck::WalPlace place = (data[0] & 1) != 0 ? dfsck::WalPlace::Last : dfsck::WalPlace::Earlier;
  uint32_t crc = 0;
  for (size_t i = 1; i < 5; ++i) {
    crc = crc << 8 | data[i];
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 5, size - 5);
  const dfsck::WalCheck check = dfsck::check_wal(bytes, crc, place);
  if (check.end > bytes.size() || (check.problem && check.problem->offset != check.end) ||
      (check.problem && check.problem->torn_tail && place == dfsck::WalPlace::Earlier)) {
    std::abort();
  }
  // What stands before the problem is good by itself, and gives the same checksum.
  const dfsck::WalCheck again = dfsck::check_wal(bytes.substr(0, check.end), crc, place);
  if (again.problem || again.records != check.records || again.crc != check.crc) {
    std::abort();
  }
  static_cast<void>(dfsck::check_raft_snapshot(bytes));
  return 0;
}
