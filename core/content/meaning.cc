// Merged lookups over the directories of a layer and its lowers, as the kernel's overlay does them.
#include "core/content/meaning.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/base/patient_calls.h"
#include "core/base/text.h"
#include "core/content/attributes.h"
#include "core/content/directory_reader.h"

namespace dfsck {
namespace {

constexpr int kDirFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kMaxLinks = 40;       // as in the kernel
constexpr size_t kMaxDepth = 2048;  // of directories: half of PATH_MAX

bool is_whiteout(const struct ::stat& raw) { return S_ISCHR(raw.st_mode) && raw.st_rdev == makedev(0, 0); }

bool stat_in(const Fd& dir, const std::string& name, struct ::stat& raw) {
  return patient::fstatat(dir.get(), name.c_str(), &raw, AT_SYMLINK_NOFOLLOW) == 0;
}

// fuse-overlayfs without the right to make devices marks a deletion with a file of this name.
bool has_whiteout_file(const Fd& dir, const std::string& name) {
  struct ::stat raw {};
  return stat_in(dir, ".wh." + name, raw);
}

bool is_opaque(const Fd& dir) {
  const ObjectPlace self{dir.get(), ".", dir.get()};
  XattrNames names;
  struct ::stat raw {};
  return (names.read(self) == 0 && opaque_mark(self, names)) || stat_in(dir, ".wh..wh..opq", raw);
}

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(path, '/')) {
    if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
  }
  return parts;
}

std::pair<std::string, std::string> split_last(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos
             ? std::pair(std::string(), std::string(path))
             : std::pair(std::string(path.substr(0, slash)), std::string(path.substr(slash + 1)));
}

}  // namespace

Meaning::Stack Meaning::top(bool with_upper) const {
  Stack stack;
  if (with_upper) {
    stack.emplace_back(patient::openat(upper_, ".", kDirFlags));
  }
  for (const Fd& lower : lowers_) {
    stack.emplace_back(patient::openat(lower.get(), ".", kDirFlags));
  }
  std::erase_if(stack, [](const Fd& fd) { return !fd; });
  return stack;
}

Meaning::Stack Meaning::step(const Stack& stack, const std::string& name) {
  Stack next;
  for (const Fd& dir : stack) {
    struct ::stat raw {};
    if (!stat_in(dir, name, raw)) {
      if (has_whiteout_file(dir, name)) {
        break;
      }
      continue;
    }
    if (!S_ISDIR(raw.st_mode)) {
      break;  // a whiteout, or something that hides what is below it
    }
    Fd fd(patient::openat(dir.get(), name.c_str(), kDirFlags));
    if (!fd) {
      break;
    }
    const bool last = is_opaque(fd);
    next.push_back(std::move(fd));
    if (last) {
      break;
    }
  }
  return next;
}

Meaning::Stack Meaning::descend(bool with_upper, std::string_view path) const {
  Stack stack = top(with_upper);
  for (const std::string& part : components(path)) {
    if (stack.empty()) {
      break;
    }
    stack = step(stack, part);
  }
  return stack;
}

std::optional<struct ::stat> Meaning::look_up(const Stack& stack, const std::string& name) {
  for (const Fd& dir : stack) {
    struct ::stat raw {};
    if (stat_in(dir, name, raw)) {
      return is_whiteout(raw) ? std::nullopt : std::optional(raw);
    }
    if (has_whiteout_file(dir, name)) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

bool Meaning::is_hidden(std::string_view path) const {
  const auto [parent, name] = split_last(path);
  return !look_up(descend(true, parent), name);
}

bool Meaning::hides_lowers(std::string_view directory) const {
  const auto parts = components(directory);
  Stack own;
  own.emplace_back(patient::openat(upper_, ".", kDirFlags));
  for (const std::string& part : parts) {
    own = own.empty() || !own.front() ? Stack{} : step(own, part);
  }
  Stack lowers = descend(false, directory);
  if (own.empty()) {
    return lowers.empty();
  }
  if (is_opaque(own.front())) {
    return true;
  }
  Stack both = std::move(own);
  for (Fd& lower : lowers) {
    both.push_back(std::move(lower));
  }
  return covers(both, parts.size());
}

// Whether everything that the lowers have in this directory is hidden by the topmost one, at any depth.
bool Meaning::covers(const Stack& upper_and_lowers, size_t depth) const {
  if (depth > kMaxDepth) {
    return false;
  }
  DirectoryReader reader;
  std::vector<std::string> names;
  for (size_t i = 1; i < upper_and_lowers.size(); ++i) {
    const Fd again(patient::openat(upper_and_lowers[i].get(), ".", kDirFlags));
    if (!again) {
      return false;
    }
    const int error = reader.read(again.get(), [&](const char* name, uint32_t) {
      names.emplace_back(name);
      return true;
    });
    if (error != 0) {
      return false;
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  Stack lowers;
  for (size_t i = 1; i < upper_and_lowers.size(); ++i) {
    lowers.emplace_back(patient::openat(upper_and_lowers[i].get(), ".", kDirFlags));
  }
  std::erase_if(lowers, [](const Fd& fd) { return !fd; });
  for (const std::string& name : names) {
    const std::optional<struct ::stat> below = look_up(lowers, name);
    if (!below || has_whiteout_file(upper_and_lowers[0], name)) {
      continue;
    }
    struct ::stat above {};
    if (!stat_in(upper_and_lowers[0], name, above)) {
      return false;
    }
    if (S_ISDIR(above.st_mode) && S_ISDIR(below->st_mode)) {
      const Stack merged = step(upper_and_lowers, name);
      if (merged.size() > 1 && !covers(merged, depth + 1)) {
        return false;
      }
    }
  }
  return true;
}

std::optional<std::string> Meaning::resolve_directory(std::string_view path) const {
  std::vector<std::string> todo = components(path);
  std::reverse(todo.begin(), todo.end());
  std::vector<std::string> done;
  int links = 0;
  while (!todo.empty()) {
    const std::string part = std::move(todo.back());
    todo.pop_back();
    if (part == "..") {
      if (!done.empty()) {
        done.pop_back();
      }
      continue;
    }
    std::string here;
    for (const std::string& name : done) {
      here += (here.empty() ? "" : "/") + name;
    }
    const Stack stack = descend(true, here);
    const std::optional<struct ::stat> found = look_up(stack, part);
    if (!found || done.size() >= kMaxDepth) {
      return std::nullopt;
    }
    if (!S_ISLNK(found->st_mode)) {
      done.push_back(part);
      continue;
    }
    std::array<char, 4097> target;
    ssize_t length = -1;
    for (const Fd& dir : stack) {
      length = patient::readlinkat(dir.get(), part.c_str(), target.data(), target.size());
      if (length >= 0) {
        break;
      }
    }
    if (length < 0 || ++links > kMaxLinks) {
      return std::nullopt;
    }
    const std::string_view text(target.data(), static_cast<size_t>(length));
    if (text.starts_with('/')) {
      done.clear();
    }
    auto parts = components(text);
    todo.insert(todo.end(), parts.rbegin(), parts.rend());
  }
  std::string resolved;
  for (const std::string& name : done) {
    resolved += (resolved.empty() ? "" : "/") + name;
  }
  return resolved;
}

bool Meaning::is_harmless(std::string_view path, const struct ::stat& found) const {
  const auto [parent, name] = split_last(path);
  const std::optional<struct ::stat> below = look_up(descend(false, parent), name);
  if (is_whiteout(found)) {
    const auto is_below = [&, full = path](const std::string& directory) {
      return directory.empty() || (full.starts_with(directory) && full.size() > directory.size() &&
                                   full[directory.size()] == '/');
    };
    return !below || std::any_of(opaque_.begin(), opaque_.end(), is_below);
  }
  if (!below || below->st_mode != found.st_mode || below->st_uid != found.st_uid || below->st_gid != found.st_gid) {
    return false;
  }
  return S_ISDIR(found.st_mode) || (below->st_size == found.st_size && below->st_rdev == found.st_rdev &&
                                    below->st_mtim.tv_sec == found.st_mtim.tv_sec);
}

}  // namespace dfsck
