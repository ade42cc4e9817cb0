// The second look at a tree: by directory, not by header.
#include "core/content/extras.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>

#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/base/try.h"
#include "core/content/tree/directory_reader.h"
#include "core/fs/fd.h"
#include "core/fs/root.h"

namespace dfsck {
namespace {

// The other direction: headers were held against the tree, now the tree against the headers. Extra objects hide what
// lies below, and no digest notices them.
class ExtraWalk {
 public:
  ExtraWalk(int tree, const std::vector<uint64_t>& explained, const LayerInput& input, MergedView& merged_view,
            const Cancel& cancel, IssueLog& log)
      : tree_(tree), explained_(explained), input_(input), merged_view_(merged_view), cancel_(cancel), log_(log) {}

  Result<void> run() {
    // Directories yet to be read, by path: no descriptor is held while others are read, however deep the tree.
    std::vector<RelPath> todo{RelPath()};
    while (!todo.empty() && !cancel_.requested()) {
      const RelPath path = std::move(todo.back());
      todo.pop_back();
      TRY(read(path, todo));
    }
    return {};
  }

 private:
  struct Member {
    std::string name;
    uint32_t type;
  };

  // The members of a directory that no header explains, and those that are explained directories.
  struct Listing {
    std::vector<Member> unexplained;
    std::vector<std::string> directories;
    bool any_explained = false;
  };

  Result<Listing> list(const RelPath& path) {
    const Result<Fd> fd = open_beneath(tree_, path, O_RDONLY | O_DIRECTORY, path.text());
    if (!fd) {
      // A directory of an owner that this namespace does not have cannot be listed; it counts as explained, because
      // nothing is known of what is in it.
      return fd.error().is_io(EACCES) && is_hidden(path) ? Result<Listing>(Listing{{}, {}, true}) : fd.error();
    }
    struct ::stat raw {};
    if (patient::fstat(fd->get(), &raw) != 0) {
      return sys_error("stat", path.text());
    }
    Listing listing;
    const int error = reader_.read(fd->get(), [&](const char* name, uint32_t type) {
      // A filesystem without types in its listings: one more look for each name.
      if (type == 0) {
        struct ::stat member {};
        type = patient::fstatat(fd->get(), name, &member, AT_SYMLINK_NOFOLLOW) == 0 ? member.st_mode & S_IFMT : 0;
      }
      if (!std::binary_search(explained_.begin(), explained_.end(), name_hash(raw.st_ino, name))) {
        listing.unexplained.push_back({name, type});
      } else {
        listing.any_explained = true;
        if (S_ISDIR(type)) {
          listing.directories.emplace_back(name);
        }
      }
      return !cancel_.requested();
    });
    if (error != 0) {
      errno = error;
      return sys_error("read directory", path.text());
    }
    return listing;
  }

  bool is_hidden(const RelPath& path) const {
    const Result<Fd> fd = open_beneath(tree_, path, O_PATH, path.text());
    struct ::stat raw {};
    return fd && patient::fstat(fd->get(), &raw) == 0 && input_.owners.is_hidden(raw.st_uid, raw.st_gid);
  }

  Result<void> read(const RelPath& path, std::vector<RelPath>& todo) {
    ASSIGN_OR_RETURN(const Listing listing, list(path));
    for (const std::string& name : listing.directories) {
      todo.push_back(path / name);
    }
    for (const Member& member : listing.unexplained) {
      const RelPath below = path / member.name;
      if (S_ISDIR(member.type)) {
        // The daemon makes directories that a tar only implies, without a header. So a directory without one is extra
        // only if nothing in it, however deep, has a header.
        ASSIGN_OR_RETURN(const bool needed, holds_explained(below));
        if (needed) {
          todo.push_back(below);
          continue;
        }
      }
      // What is harmless itself (a directory that was copied up) may still hold what is not.
      if (!is_extra(below, member.type) && S_ISDIR(member.type)) {
        todo.push_back(below);
      }
    }
    return {};
  }

  Result<bool> holds_explained(const RelPath& top) {
    std::vector<RelPath> todo{top};
    while (!todo.empty() && !cancel_.requested()) {
      const RelPath path = std::move(todo.back());
      todo.pop_back();
      ASSIGN_OR_RETURN(const Listing listing, list(path));
      if (listing.any_explained) {
        return true;
      }
      for (const Member& member : listing.unexplained) {
        if (S_ISDIR(member.type)) {
          todo.push_back(path / member.name);
        }
      }
    }
    return false;
  }

  // Logs the object if it is one too many.
  bool is_extra(const RelPath& path, uint32_t type) {
    if (S_ISSOCK(type) && input_.provenance == Provenance::RawUpper) {
      return false;  // tars hold no sockets
    }
    const Result<Fd> fd = open_beneath(tree_, path, O_PATH, path.text());
    struct ::stat raw {};
    if (!fd || patient::fstat(fd->get(), &raw) != 0) {
      return false;  // gone meanwhile
    }
    if (merged_view_.is_harmless(path.bytes(), raw)) {
      return false;
    }
    Issue issue;
    issue.kind = IssueKind::Extra;
    issue.path = path.bytes();
    const bool whiteout = S_ISCHR(raw.st_mode) && raw.st_rdev == makedev(0, 0);
    issue.detail = whiteout ? "is a whiteout that the layer does not have"
                            : "is a " + std::string(type_name(raw.st_mode)) + " that the layer does not have";
    log_.add(std::move(issue), {});
    return true;
  }

  int tree_;
  const std::vector<uint64_t>& explained_;
  const LayerInput& input_;
  MergedView& merged_view_;
  const Cancel& cancel_;
  IssueLog& log_;
  DirectoryReader reader_;
};

}  // namespace

Result<void> find_extras(int tree, std::vector<uint64_t> explained, const LayerInput& input, MergedView& merged_view,
                         const Cancel& cancel, IssueLog& log) {
  // A sorted vector of hashes and not a set of paths: eight bytes for each entry of a layer that may have millions.
  std::sort(explained.begin(), explained.end());
  return ExtraWalk(tree, explained, input, merged_view, cancel, log).run();
}

}  // namespace dfsck
