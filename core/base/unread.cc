// A list under a lock.
#include "core/base/unread.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/base/path_text.h"

namespace dfsck {
namespace {

// A root whose every file is refused has to be bounded in memory. A hundred thousand names say as much as all of them:
// what is judged is whether anything at or below a directory was not read.
constexpr size_t kMost = 100'000;

std::mutex list_mutex;
// Guarded by the mutex.
std::vector<Unread>& list() {
  // Never destroyed: worker threads may still note something while the process ends.
  static auto* const all = new std::vector<Unread>;
  return *all;
}

}  // namespace

void note_unread(Unread unread) {
  const std::lock_guard lock(list_mutex);
  if (list().size() < kMost) {
    list().push_back(std::move(unread));
  }
}

size_t unread_so_far() {
  const std::lock_guard lock(list_mutex);
  return list().size();
}

std::vector<Unread> unread_below(std::string_view path, size_t from) {
  std::vector<Unread> found;
  {
    const std::lock_guard lock(list_mutex);
    for (size_t i = from; i < list().size(); ++i) {
      if (is_at_or_below(list()[i].path, path)) {
        found.push_back(list()[i]);
      }
    }
  }
  // In what order threads came by depends on their number; a report may not.
  std::sort(found.begin(), found.end());
  const auto same = [](const Unread& a, const Unread& b) { return a.path == b.path; };
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
  return found;
}

}  // namespace dfsck
