// A map under a lock.
#include "core/migrate/copy_links.h"

#include <chrono>

#include "core/base/shortage.h"

namespace dfsck {
namespace {

constexpr std::chrono::milliseconds kLookForLink(50);  // at what no one can notify us of

}  // namespace

// Never deadlocks: whoever makes a file holds one claim and waits for no other. The time limit is for what cannot
// notify: a shortage that ended the maker.
std::optional<std::string> LinkTable::claim(Key key, uint64_t links) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto found = files_.find(key);
    if (found == files_.end()) {
      files_[key] = Entry{{}, links - 1};
      return std::nullopt;
    }
    if (found->second.path.empty()) {
      if (is_short()) {
        return std::nullopt;  // the thread that was making it may have run out of memory; all this is undone
      }
      published_.wait_for(lock, kLookForLink);
      continue;
    }
    std::string path = found->second.path;
    // After its last name nobody asks for the file again, so the table holds no more than what is in between.
    if (--found->second.left == 0) {
      files_.erase(found);
    }
    return path;
  }
}

void LinkTable::publish(Key key, const std::string& path) {
  {
    const std::lock_guard lock(mutex_);
    files_[key].path = path;
  }
  published_.notify_all();
}

// Whoever waits gets the claim next, and tries for itself.
void LinkTable::abandon(Key key) {
  {
    const std::lock_guard lock(mutex_);
    files_.erase(key);
  }
  published_.notify_all();
}

// Names that lie in units which are done; a name in one that is copied now becomes a link to them.
void LinkTable::adopt(Key key, uint64_t links, const std::string& path, uint64_t target_inode) {
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = files_.try_emplace(key, Entry{path, links});
  if (is_new) {
    inodes_.emplace(target_inode, key);
  }
  if (--entry->second.left == 0) {
    files_.erase(entry);
  }
}

bool LinkTable::take_inode(uint64_t target_inode, Key key) {
  const std::lock_guard lock(mutex_);
  return inodes_.emplace(target_inode, key).first->second == key;
}

}  // namespace dfsck
