// Preparing, taking and removing staged trees.
#include "core/journal/run/staging.h"

#include <unistd.h>

#include <cerrno>

#include "core/base/try.h"
#include "core/fs/write/writer.h"

namespace dfsck {
namespace {

constexpr const char* kStaged = "staged";
constexpr const char* kStagedLabel = "security.selinux";

// Only where it cannot be set by anybody does a missing label not matter.
Result<void> copy_label(const Root& root, const KeepPlace& keep, const RelPath& from) {
  const auto attributes = root.xattrs(from);
  const auto label = attributes ? attributes->find(kStagedLabel) : decltype(attributes->find(kStagedLabel)){};
  if (!attributes || label == attributes->end()) {
    return {};
  }
  const Result<void> set = set_attribute(keep.run, kStaged, kStagedLabel, label->second);
  return set || ::geteuid() != 0 ? Result<void>() : set;
}

}  // namespace

// Labelled when it is made and not later: what is made in it inherits its label, and a tree of many files is not to
// be labelled one by one.
Result<Dir> make_staging(const Root& root, const KeepPlace& keep, const RelPath& label_of) {
  const Result<void> made = make_directory(keep.run, kStaged, 0700);
  if (!made && !made.error().is_io(EEXIST)) {
    return made.error();
  }
  TRY(made ? copy_label(root, keep, label_of) : Result<void>());
  return keep.run.open_dir(kStaged);
}

// The batch's usual place for new objects, so that from here on an adopted tree is told, taken and taken back like
// any other object: by one inode in one of two places.
Result<void> take_staged(const KeepPlace& keep, uint64_t staged, size_t step) {
  const std::string name = kept_name(step);
  if (keep.saved.stat(name)) {
    return {};
  }
  const Result<Dir> staging = keep.run.open_dir(kStaged);
  const Result<void> moved = staging ? move(*staging, std::to_string(staged), keep.saved, name) : staging.error();
  const bool is_missing = !moved && moved.error().is_io(ENOENT);
  return is_missing ? Result<void>(format_error("put in place", keep.run.where() + "/staged/" + std::to_string(staged),
                                                "what was prepared is no longer there"))
                    : moved;
}

// Trees that no step took have never had a name in the root; nothing refers to them, and they can be large.
Result<void> remove_staging(const RunPlace& place) {
  for (const KeepPlace& keep : place.keeps) {
    const Result<FileStat> stat = keep.is_open() ? keep.run.stat(kStaged) : Error{Error::Kind::Io, ENOENT, "", "", ""};
    if (!stat && !stat.error().is_io(ENOENT)) {
      return stat.error();
    }
    uint64_t bytes = 0;
    TRY(stat ? remove_tree(keep.run, kStaged, bytes) : Result<void>());
  }
  return {};
}

}  // namespace dfsck
