// Merged lookups over the directories of a layer and its lowers, as the kernel's overlay does them.
#include "core/content/merged_view.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/base/errno_class.h"
#include "core/base/path_text.h"
#include "core/base/patient_calls.h"
#include "core/base/text.h"
#include "core/content/attributes.h"
#include "core/content/tree/directory_reader.h"
#include "core/content/tree/whiteout_names.h"

namespace dfsck {
namespace {

constexpr int kDirFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kMaxLinks = 40;                // as in the kernel
constexpr size_t kMaxDirectoryDepth = 2048;  // of directories: half of PATH_MAX

bool stat_in(const Fd& dir, const std::string& name, struct ::stat& raw) {
  return patient::fstatat(dir.get(), name.c_str(), &raw, AT_SYMLINK_NOFOLLOW) == 0;
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

}  // namespace

// fuse-overlayfs without the right to make devices marks a deletion with a file of this name.
bool MergedView::has_whiteout_file(const Fd& dir, const std::string& name) const {
  struct ::stat raw {};
  return input_.marks == OverlayMarks::Any && stat_in(dir, std::string(kWhiteoutPrefix) + name, raw);
}

bool MergedView::is_opaque(const Fd& dir) const {
  const ObjectPlace self{dir.get(), ".", dir.get()};
  XattrNames names;
  struct ::stat raw {};
  return (names.read(self) == 0 && opaque_mark(self, names, input_.marks)) ||
         (input_.marks == OverlayMarks::Any && stat_in(dir, std::string(kOpaqueName), raw));
}

// Once for a layer and only when asked: most trees need no lower, and a chain has up to 128 of them.
void MergedView::open_lowers() {
  opened_ = true;
  for (const RelPath& path : input_.lower_diffs) {
    const Result<Dir> dir = root_.open_dir(path);
    if (dir) {
      lowers_.emplace_back(patient::duplicate(dir->fd()));
    }
    const Result<void> kept = !dir             ? Result<void>(dir.error())
                              : lowers_.back() ? Result<void>()
                                               : Result<void>(sys_error("open directory", path.text()));
    // A lower that is missing shows nothing. One for which there was no descriptor could show anything: nothing may be
    // concluded then.
    if (!kept && is_shortage(kept.error().code)) {
      failure_ = kept.error();
      return;
    }
  }
}

MergedView::Stack MergedView::top(bool with_upper) {
  if (!opened_) {
    open_lowers();
  }
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

// What the kernel's overlay does in ovl_lookup: from the top down, directories are merged until something that is none,
// a whiteout or an opaque directory ends it.
MergedView::Stack MergedView::step(const Stack& stack, const std::string& name) const {
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

MergedView::Stack MergedView::descend(bool with_upper, std::string_view path) {
  Stack stack = top(with_upper);
  for (const std::string& part : components(path)) {
    if (stack.empty()) {
      break;
    }
    stack = step(stack, part);
  }
  return stack;
}

// The first directory that knows the name decides, also where it says that the name is deleted.
std::optional<struct ::stat> MergedView::look_up(const Stack& stack, const std::string& name) const {
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

bool MergedView::is_hidden(std::string_view path) {
  if (!input_.lowers_known) {
    return false;
  }
  return !look_up(descend(true, parent_path(path)), std::string(last_name(path)));
}

// The upper side is walked alone first: an opaque mark further up hides this directory's lowers as well, and then there
// is nothing left to cover.
bool MergedView::hides_lowers(std::string_view directory) {
  if (!input_.lowers_known) {
    return false;
  }
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

std::optional<std::vector<std::string>> MergedView::names_in(const Stack& stack, size_t first) {
  DirectoryReader reader;
  std::vector<std::string> names;
  for (size_t i = first; i < stack.size(); ++i) {
    const Fd again(patient::openat(stack[i].get(), ".", kDirFlags));
    const int error = !again ? errno : reader.read(again.get(), [&](const char* name, uint32_t) {
      names.emplace_back(name);
      return true;
    });
    if (error != 0) {
      return std::nullopt;
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::optional<std::vector<std::string>> MergedView::names_below(std::string_view directory) {
  if (!input_.lowers_known) {
    return std::nullopt;
  }
  const Stack lowers = descend(false, directory);
  std::optional<std::vector<std::string>> names = names_in(lowers, 0);
  if (names) {
    std::erase_if(*names, [&](const std::string& name) { return !look_up(lowers, name); });
  }
  return names;
}

// Whether everything that the lowers have in this directory is hidden by the topmost one, at any depth.
// Names alone do not do where both sides have a directory: its own names may shine through one level further down.
bool MergedView::covers(const Stack& upper_and_lowers, size_t depth) const {
  if (depth > kMaxDirectoryDepth) {
    return false;
  }
  const std::optional<std::vector<std::string>> names = names_in(upper_and_lowers, 1);
  if (!names) {
    return false;
  }
  Stack lowers;
  for (size_t i = 1; i < upper_and_lowers.size(); ++i) {
    lowers.emplace_back(patient::openat(upper_and_lowers[i].get(), ".", kDirFlags));
  }
  std::erase_if(lowers, [](const Fd& fd) { return !fd; });
  for (const std::string& name : *names) {
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

// By hand, component by component, since no single directory holds the merged view; ".." stops at the top, and absolute
// links begin there again, as in the container's own root.
std::optional<std::string> MergedView::resolve_directory(std::string_view path) {
  if (!input_.lowers_known) {
    return std::nullopt;
  }
  std::vector<std::string> todo = components(path);
  // A stack whose top is the next component: what a link says is put on it.
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
    if (!found || done.size() >= kMaxDirectoryDepth) {
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

bool MergedView::is_below_opaque(std::string_view path) const {
  for (size_t slash = path.rfind('/'); !opaque_.empty(); slash = path.rfind('/', slash - 1)) {
    const std::string_view above = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
    if (opaque_.contains(above)) {
      return true;
    }
    if (above.empty()) {
      break;
    }
  }
  return false;
}

bool MergedView::is_harmless(std::string_view path, const struct ::stat& found) {
  if (!input_.lowers_known) {
    return false;
  }
  if (is_whiteout(found) && is_below_opaque(path)) {
    return true;
  }
  const std::optional<struct ::stat> below = look_up(descend(false, parent_path(path)), std::string(last_name(path)));
  if (is_whiteout(found)) {
    return !below;
  }
  if (!below || below->st_mode != found.st_mode || below->st_uid != found.st_uid || below->st_gid != found.st_gid) {
    return false;
  }
  // Copied up and not changed: same type, owner, mode, and for files size and time. Its bytes are not compared; whoever
  // changes them changes the time as a rule.
  return S_ISDIR(found.st_mode) || (below->st_size == found.st_size && below->st_rdev == found.st_rdev &&
                                    below->st_mtim.tv_sec == found.st_mtim.tv_sec);
}

}  // namespace dfsck
