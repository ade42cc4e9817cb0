// What this process was not let read, was given no answer about, or what the disk failed to give. Kept for the process,
// as shortages are: code that can do without what it asked for goes on, and who judges asks here what was not seen.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dfsck {

struct Unread {
  std::string path;  // absolute, bytes
  std::string op;    // "open", "list attributes of"
  int code = 0;
  friend auto operator<=>(const Unread&, const Unread&) = default;
};

// Thread-safe. Beyond a great many, further ones are left out.
void note_unread(Unread unread);

// How many were noted so far: what follows is of a later look.
size_t unread_so_far();

// Those at or below the directory `path`, noted since the count was `from`. Sorted, one for each path.
std::vector<Unread> unread_below(std::string_view path, size_t from);

}  // namespace dfsck
