// Sorting failures, and paths longer than the kernel takes at once.
#include "core/migrate/copy_context.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "core/base/errno_class.h"
#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/fs/root.h"

namespace dfsck {
namespace {

// What is true of the target as a whole would fail every further file as well; going on would list each of them as a
// problem of its own.
bool ends_everything(int code) {
  return code == ENOSPC || code == EDQUOT || code == EROFS || code == EIO || code == ENODEV || code == ENXIO ||
         code == ESTALE || is_shortage(code);
}

// As much of a path as the kernel takes at once.
std::string_view first_part(std::string_view path) {
  constexpr size_t kMost = 4000;  // PATH_MAX, nearly
  return path.size() > kMost ? path.substr(0, path.rfind('/', kMost)) : path;
}

}  // namespace

void target_failed(CopyContext& context, CopyUnit& unit, CopyProblem::Kind kind, int code, std::string_view op,
                   const std::string& path) {
  // A filesystem that has no room for an attribute of this size says the same as one that is full.
  const bool only_attribute = kind == CopyProblem::Kind::Attribute && code == ENOSPC;
  if (ends_everything(code) && !only_attribute) {
    context.fail(Error{Error::Kind::Io, code, std::string(op), "target " + escaped(path), {}});
    return;
  }
  unit.tally.add({kind, path, code, 0, std::string(op) + ": " + errno_text(code)});
}

// A file of the source that cannot be read is told and the rest goes on: saving what is readable is what a copy of a
// dying disk is for. Only a shortage of ours ends it, since it says nothing of the source.
void source_failed(CopyContext& context, CopyUnit& unit, int code, std::string_view op, const std::string& path) {
  if (is_shortage(code)) {
    context.fail(Error{Error::Kind::Io, code, std::string(op), escaped(path), {}});
    return;
  }
  unit.tally.add({CopyProblem::Kind::Unreadable, path, code, 0, std::string(op) + ": " + errno_text(code)});
}

// In several steps where it is longer than PATH_MAX: trees of containers can be as deep as somebody made them.
Result<Dir> open_far_dir(const Dir& top, std::string_view path) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY;
  Fd at;
  do {
    const std::string_view part = first_part(path);
    const std::optional<RelPath> checked = RelPath::parse(part);
    if (!checked && !part.empty()) {
      return format_error("open directory", escaped(path), "is no path below a root");
    }
    ASSIGN_OR_RETURN(at, open_beneath(at ? at.get() : top.fd(), checked.value_or(RelPath()), kFlags, escaped(path)));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
  } while (!path.empty());
  return Dir(std::move(at), "");
}

Result<Dir> open_far_dir(const Root& root, std::string_view path) {
  const std::string_view part = first_part(path);
  const std::optional<RelPath> checked = RelPath::parse(part);
  if (!checked && !part.empty()) {
    return format_error("open directory", escaped(path), "is no path below a root");
  }
  Result<Dir> dir = root.open_dir(checked.value_or(RelPath()));
  path.remove_prefix(std::min(path.size(), part.size() + 1));
  return dir && !path.empty() ? open_far_dir(*dir, path) : std::move(dir);
}

}  // namespace dfsck
