// Going through the headers for one name.
#include "core/content/find_entry.h"

#include "core/base/path_text.h"
#include "core/base/try.h"
#include "core/codec/tar/layer_stream.h"
#include "core/content/expected.h"
#include "core/content/tree/tree_cursor.h"
#include "core/content/tree/whiteout_names.h"

namespace dfsck {
namespace {

bool is_child(std::string_view path, std::string_view directory) {
  return directory.empty()
             ? !path.empty()
             : path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

// The one path that is looked for. Names of the tar may lead to it through symbolic links of the layer.
class SoughtPath {
 public:
  SoughtPath(std::string_view path, const Result<Dir>& tree) : path_(path), cursor_(tree ? tree->fd() : -1) {
    base_ = last_name(path);
    parent_ = parent_path(path);
    if (tree && cursor_.enter(parent_)) {
      parent_inode_ = cursor_.inode();
    }
  }

  std::string_view path() const { return path_; }
  bool is(std::string_view parent, std::string_view base) {
    if (base != base_) {
      return false;
    }
    // By inode where the spelling differs: the tar may name a/lnk/f what is a/dir/f on disk.
    return parent == parent_ || (parent_inode_ != 0 && cursor_.enter(parent) && cursor_.inode() == parent_inode_);
  }

 private:
  std::string_view path_, base_, parent_;
  TreeCursor cursor_;
  uint64_t parent_inode_ = 0;  // 0: not known
};

bool is_whiteout_of(const LayerEntry& entry, SoughtPath& sought) {
  const std::string_view base = entry.base();
  return base.starts_with(kWhiteoutPrefix) && base != kOpaqueName &&
         sought.is(entry.parent(), base.substr(kWhiteoutPrefix.size()));
}

bool links_to(const LayerEntry& entry, std::string_view path) {
  std::string target;
  clean_tar_name(entry.header.link_name, target);
  return target == path;
}

void take(const LayerEntry& entry, const LayerInput& layer, SoughtPath& sought, PathInTar& found) {
  if (entry.header.is_global()) {
    return;
  }
  if (sought.is(entry.parent(), entry.base())) {
    found.entry = expected_of(entry, layer);
    // As when it is unpacked: the last header of a name wins, whether it makes or deletes.
    found.is_whiteout = false;
    found.other_names.clear();  // those before linked to another file
  } else if (is_whiteout_of(entry, sought)) {
    found.is_whiteout = true;
    found.entry.reset();
  } else if (entry.base() == kOpaqueName && entry.parent() == sought.path()) {
    found.is_opaque = true;
  } else if (is_child(entry.path, sought.path())) {
    found.is_implied = true;
  }
  if (entry.header.is_hard_link() && entry.path != sought.path() && links_to(entry, sought.path()) &&
      found.other_names.size() < PathInTar::kMaxOtherNames) {
    found.other_names.push_back(entry.path);
  }
}

}  // namespace

Result<PathInTar> find_in_tar(const Root& root, const LayerInput& layer, std::string_view path, const Cancel& cancel) {
  ASSIGN_OR_RETURN(const Fd file, root.open_file(layer.tar_split));
  const Result<Dir> tree = root.open_dir(layer.diff_dir);
  SoughtPath sought(path, tree);
  LayerStream stream(file.get(), layer.tar_split.text());
  LayerEntry entry;
  PathInTar found;
  while (true) {
    if (cancel.requested()) {
      return cancelled_error("read", layer.tar_split.text(), "cancelled");
    }
    ASSIGN_OR_RETURN(const LayerStream::Kind kind, stream.next(entry));
    if (kind == LayerStream::Kind::End) {
      return found;
    }
    if (kind == LayerStream::Kind::Entry) {
      take(entry, layer, sought, found);
    }
  }
}

}  // namespace dfsck
