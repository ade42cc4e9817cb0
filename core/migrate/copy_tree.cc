// The walk that copies.
#include "core/migrate/copy_tree.h"

#include <sys/stat.h>

#include <cerrno>

#include "core/base/path_text.h"
#include "core/base/try.h"
#include "core/content/tree/directory_reader.h"
#include "core/fs/write/writer.h"
#include "core/migrate/copy_attributes.h"
#include "core/migrate/copy_file.h"

namespace dfsck {
namespace {

class CopyWalk : public TreeWalk {
 public:
  CopyWalk(CopyContext& context, CopyUnit& unit, SharedWork& work, std::function<void()> done)
      : TreeWalk(context, unit, work, true), done_(std::move(done)) {}

 private:
  std::optional<Dir> enter_target(const DirPair& parent, const std::string& name, WalkDir& dir) override;
  void member(const DirPair& pair, bool fresh, const std::string& name, const std::string& path,
              const Statx& info) override;
  void leave(const WalkDir& dir, const DirPair& pair) override;
  void ended() override { done_(); }

  void copy_other(const DirPair& pair, bool fresh, const std::string& name, const std::string& path, const Statx& info);
  Result<void> make_other(const DirPair& pair, const std::string& name, const Statx& info);
  void remove_strays(const WalkDir& dir, const DirPair& pair);

  std::function<void()> done_;
};

// 0700 until the walk leaves it: nobody else's program shall see, or hold open, half a tree. What stands in the way,
// of an interrupted run or of another type, is cleared.
std::optional<Dir> CopyWalk::enter_target(const DirPair& parent, const std::string& name, WalkDir& dir) {
  const Dir& above = *parent.target;
  Result<void> made = make_directory(above, name, 0700);
  dir.fresh = true;
  if (!made && made.error().is_io(EEXIST)) {
    Statx have;
    if (read_statx(above.fd(), name.c_str(), have) == 0 && have.stat.is_dir()) {
      dir.fresh = unit_.fresh;  // in a fresh unit it was made a moment ago
      if (have.is_guarded) {
        take_guards_off(above.fd(), name.c_str());
      }
      made = Result<void>();
    } else if (clear_name(context_, unit_, above, name, dir.path)) {
      made = make_directory(above, name, 0700);
    } else {
      return std::nullopt;
    }
  }
  Result<Dir> opened = made ? above.open_dir(name) : made.error();
  if (!opened) {
    target_failed(context_, unit_, ProblemKind::Unmakeable, opened.error().code, "make directory", dir.path);
    return std::nullopt;
  }
  return std::move(*opened);
}

// What the layer's tar has brought is done by then, told by inode and path.
void CopyWalk::member(const DirPair& pair, bool fresh, const std::string& name, const std::string& path,
                      const Statx& info) {
  if (!info.stat.is_file()) {
    copy_other(pair, fresh, name, path, info);
  } else if (!unit_.streamed.contains(info.stat.inode, path)) {
    FileCopy copy(context_, unit_);
    copy_file(copy, *pair.target, {pair.source.fd(), -1, name, path, info},
              fresh ? FileCopy::Existing::Clear : FileCopy::Existing::Compare);
  }
}

Result<void> CopyWalk::make_other(const DirPair& pair, const std::string& name, const Statx& info) {
  const FileStat& stat = info.stat;
  if (!stat.is_symlink()) {
    return make_node(*pair.target, name, stat.mode & S_IFMT, stat.rdev_major, stat.rdev_minor);
  }
  ASSIGN_OR_RETURN(const std::string points_to, pair.source.read_link(name));
  return make_symlink(*pair.target, name, points_to);
}

// Nodes and links can have several names, too.
void CopyWalk::copy_other(const DirPair& pair, bool fresh, const std::string& name, const std::string& path,
                          const Statx& info) {
  const FileStat& stat = info.stat;
  const LinkTable::Key key = context_.link_key(path, stat);
  const bool has_links = stat.links > 1;
  if (const auto first = has_links ? context_.links.claim(key, stat.links) : std::nullopt; first && *first != path) {
    const Result<Dir> dir = open_far_dir(context_.target, parent_path(*first));
    if ((!fresh && !clear_name(context_, unit_, *pair.target, name, path)) || context_.stopped()) {
      return;
    }
    const Result<void> linked =
        dir ? make_hard_link(*dir, std::string(last_name(*first)), *pair.target, name) : dir.error();
    if (!linked) {
      target_failed(context_, unit_, ProblemKind::Unmakeable, linked.error().code, "link", path);
    }
    return;
  }
  // Not worth telling whether it is right already: making it again costs as much.
  Result<void> made = fresh || clear_name(context_, unit_, *pair.target, name, path)
                          ? make_other(pair, name, info)
                          : Result<void>(cancelled_error("", "", ""));
  if (made) {
    copy_attributes_at(context_, unit_, path, pair.source.fd(), pair.target->fd(), name, info,
                       {.just_now = true, .mode = 0600U & ~context_.umask});
  } else if (made.error().kind == Error::Kind::Io) {
    target_failed(context_, unit_, ProblemKind::Unmakeable, made.error().code, made.error().op, path);
  }
  if (has_links && made) {
    context_.links.publish(key, path);
  } else if (has_links) {
    context_.links.abandon(key);
  }
}

// The target shall be as if no run had been cut off. A file that the source has lost since an earlier run is no part
// of it, and what is left out by choice must not stay from a run with another choice.
void CopyWalk::remove_strays(const WalkDir& dir, const DirPair& pair) {
  std::vector<std::string> strays;
  DirectoryReader reader;
  const int error = reader.read(pair.target->fd(), [&](const char* name, uint32_t) {
    Statx info;
    const bool in_source = read_statx(pair.source.fd(), name, info) == 0;
    const std::string path = path_in(dir.path, name);
    if (!in_source || S_ISSOCK(info.stat.mode) || context_.is_foreign(path, info) ||
        (unit_.unit.omit && unit_.unit.omit(path, info.stat.mode & S_IFMT))) {
      strays.emplace_back(name);
    }
    return true;
  });
  if (error != 0) {
    target_failed(context_, unit_, ProblemKind::Unmakeable, error, "read directory", dir.path);
  }
  for (const std::string& name : strays) {
    clear_name(context_, unit_, *pair.target, name, path_in(dir.path, name));
  }
}

// After everything in it, since every name that is made changes the directory's time.
void CopyWalk::leave(const WalkDir& dir, const DirPair& pair) {
  if (!dir.fresh) {
    remove_strays(dir, pair);
  }
  copy_attributes(context_, unit_, dir.path, pair.source.fd(), pair.target->fd(), dir.info,
                  {.just_now = dir.fresh, .mode = 0700U & ~context_.umask});
}

}  // namespace

void copy_tree(CopyContext& context, CopyUnit& unit, SharedWork& work, std::function<void()> ended) {
  std::make_shared<CopyWalk>(context, unit, work, std::move(ended))->start();
}

}  // namespace dfsck
