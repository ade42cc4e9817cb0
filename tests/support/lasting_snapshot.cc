// Cuts times of change out of snapshots.
#include "tests/support/lasting_snapshot.h"

#include <cstdlib>
#include <iostream>

namespace dfsck::test {

Snapshot lasting_snapshot(const std::string& root, OwnDirectory own) {
  const Result<Snapshot> taken = take_snapshot(root);
  if (!taken) {
    std::cerr << taken.error().message() << '\n';
    std::abort();
  }
  Snapshot lasting;
  for (auto [path, text] : *taken) {
    if (own == OwnDirectory::OmittedEntry && path.starts_with(".docker-fsck")) {
      continue;
    }
    if (text.starts_with("4") || own == OwnDirectory::OmittedEntry) {
      const size_t changed = text.find(" changed ");
      const size_t next = text.find(' ', changed + 9);
      text.erase(changed, next == std::string::npos ? next : next - changed);
    }
    if (text.starts_with("4")) {
      // Of a directory that ext4 once made larger, the size stays.
      const size_t size = text.find(" size ");
      const size_t next = text.find(' ', size + 6);
      text.erase(size, next == std::string::npos ? next : next - size);
    }
    if (own == OwnDirectory::OmittedEntry && path == ".") {
      const size_t links = text.find(" links ");
      const size_t next = text.find(' ', links + 7);
      text.erase(links, next == std::string::npos ? next : next - links);
    }
    lasting[path] = text;
  }
  return lasting;
}

}  // namespace dfsck::test
