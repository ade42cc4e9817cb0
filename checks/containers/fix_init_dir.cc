// Rebuilding a container's init layer. Its content is the same for every container (moby
// daemon/initlayer/setup_unix.go:Setup): mount points and empty files that keep the image's own from being changed.
#include <array>

#include "checks/fix_steps.h"
#include "checks/fixes.h"

namespace dfsck {
namespace {

struct InitEntry {
  const char* path;
  char type;  // 'd' directory, 'f' empty file, 'l' link to /proc/mounts
};

// Ten paths and the directories around them, the same since 17.06.
constexpr std::array kInitEntries = {
    InitEntry{"dev", 'd'},        InitEntry{"dev/pts", 'd'},      InitEntry{"dev/shm", 'd'},
    InitEntry{"proc", 'd'},       InitEntry{"sys", 'd'},          InitEntry{"etc", 'd'},
    InitEntry{".dockerenv", 'f'}, InitEntry{"dev/console", 'f'},  InitEntry{"etc/resolv.conf", 'f'},
    InitEntry{"etc/hosts", 'f'},  InitEntry{"etc/hostname", 'f'}, InitEntry{"etc/mtab", 'l'},
};

// The directory as the layers below have it; a directory that is copied up keeps their owner and mode.
// The kernel copies a directory up when something is made in it, so the image's
// owner and mode are what a container sees.
std::optional<Ownership> seen_below(const CheckInput& input, const DirTruth& init, const RelPath& path) {
  for (const DirTruth* at = &init; at != nullptr && at->parent;) {
    const Result<FileStat> stat =
        input.root.stat(input.model.overlay.path / at->parent->text() / "diff" / path.bytes());
    if (stat) {
      return stat->is_dir() ? std::optional(Ownership{stat->uid, stat->gid, stat->mode & 07777}) : std::nullopt;
    }
    at = input.derived.find_dir(input.model, *at->parent);
  }
  return std::nullopt;
}

class InitBuilder {
 public:
  InitBuilder(const CheckInput& input, const RelPath& dir, const DirTruth& truth, size_t index, PlanBuilder& plan)
      : input_(input), dir_(dir), truth_(truth), index_(index), plan_(plan) {}

  // "committed" is there from the beginning: the writable layer stands on this one.
  void build() {
    directory(dir_, layer_home_owner(input_.model, 0710));
    directory(dir_ / "diff", layer_owner(input_.model, 0755));
    if (truth_.parent) {
      directory(dir_ / "work", layer_owner(input_.model, 0700));
    }
    for (const InitEntry& entry : kInitEntries) {
      add_entry(entry);
    }
    file(dir_ / "link", truth_.link->text(), daemon_owner(input_.model, 0644));
    file(dir_ / "committed", "", daemon_owner(input_.model, 0600));
    if (truth_.lower) {
      file(dir_ / "lower", *truth_.lower, daemon_owner(input_.model, 0644));
    }
    const RelPath link = input_.model.overlay.path / "l" / truth_.link->text();
    add_link({link, "../" + std::string(dir_.name()) + "/diff"}, daemon_owner(input_.model, 0777));
  }

 private:
  void add_entry(const InitEntry& entry) {
    const RelPath inside(entry.path);
    const RelPath path = dir_ / "diff" / entry.path;
    if (entry.type == 'f') {
      file(path, "", layer_owner(input_.model, 0755));
    } else if (entry.type == 'l') {
      add_link({path, "/proc/mounts"}, layer_owner(input_.model, 0777));
    } else {
      const std::optional<Ownership> below = seen_below(input_, truth_, inside);
      // Only directories in which something is made appear here when the image has them already.
      const bool holds_files = inside == RelPath("dev") || inside == RelPath("etc");
      if (!below || holds_files) {
        directory(path, below.value_or(layer_owner(input_.model, 0755)));
      }
    }
  }

  void directory(const RelPath& path, Ownership owner) { add(MakeDir{path, owner}, path); }
  void file(const RelPath& path, std::string bytes, Ownership owner) {
    add(WriteFile{path, std::move(bytes), owner}, path);
  }
  void add_link(const WriteSymlink& link, Ownership owner) {
    add_symlink(input_, stage::kDirs, link, owner, index_, plan_);
  }
  void add(Action action, const RelPath& path) {
    plan_.add(index_, stage::kDirs, std::move(action), expect_now(input_.root, path));
  }

  const CheckInput& input_;
  const RelPath& dir_;
  const DirTruth& truth_;
  size_t index_;
  PlanBuilder& plan_;
};

}  // namespace

void fix_rebuild_init_dir(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const std::optional<CacheId> id = CacheId::parse(finding.path.name());
  const DirTruth* truth = id ? input.derived.find_dir(input.model, *id) : nullptr;
  // Without its chain it would be mounted on nothing, and the container would see none of its image.
  const bool chain_known = truth != nullptr && truth->parent_known && (!truth->parent || truth->lower);
  if (chain_known && truth->link) {
    InitBuilder(input, finding.path, *truth, index, plan).build();
  }
}

}  // namespace dfsck
