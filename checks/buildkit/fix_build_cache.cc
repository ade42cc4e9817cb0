// Resetting the build cache: its databases go together, and with them the directories of overlay2 that only they knew.
// Without the databases nothing would ever free these. A layer of an image, a container's directory, and whatever
// stands below one of them stays, whoever made it.
#include <algorithm>
#include <set>

#include "checks/fix_steps.h"
#include "checks/fixes.h"
#include "checks/overlay2/fix_overlay.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// A directory with a layerdb entry is a layer of an image, even if BuildKit made it and still names it:
// with cache-ids of 25 characters both own it.
bool is_kept(const DirTruth& truth) {
  return std::any_of(truth.owners.begin(), truth.owners.end(),
                     [](const DirOwner& owner) { return owner.kind != DirOwner::Kind::Build; });
}

// Every owner but the build cache could be read, so that a directory without one is the build cache's.
// Otherwise a directory that somebody needs would look as if only the cache had made it.
bool other_owners_known(const CheckInput& input) {
  const Derived& derived = input.derived;
  return input.model.layers.layers_complete && input.model.layers.mounts_complete && input.model.overlay.complete &&
         std::all_of(derived.layers.begin(), derived.layers.end(),
                     [](const LayerTruth& layer) { return layer.cache.has_value(); }) &&
         std::all_of(derived.mounts.begin(), derived.mounts.end(),
                     [](const MountTruth& mount) { return mount.dir.has_value(); });
}

// All directories that an owner other than the build cache needs. Nothing if the chain of one of them is not known.
class Kept {
 public:
  explicit Kept(const CheckInput& input) : input_(input) {
    for (size_t i = 0; i < input.derived.dirs.size(); ++i) {
      const OverlayDir& dir = input.model.overlay.dirs[i];
      if (is_kept(input.derived.dirs[i]) || dir.merged_is_mount) {
        add(dir.id);
      }
    }
    while (!pending_.empty()) {
      const CacheId id = pending_.back();
      pending_.pop_back();
      follow(id);
    }
  }

  bool is_known() const { return known_; }
  bool contains(const CacheId& id) const { return kept_.contains(id); }

 private:
  void add(const CacheId& id) {
    if (kept_.insert(id).second) {
      pending_.push_back(id);
    }
  }

  // By what should be in `lower`, and by what is in it.
  // The two differ where a chain is damaged. Until that is repaired both are needed: what should be there
  // will be mounted then, what is there is mounted now.
  void follow(const CacheId& id) {
    const DirTruth* truth = input_.derived.find_dir(input_.model, id);
    if (truth == nullptr || !truth->parent_known) {
      known_ = false;
    } else if (truth->parent) {
      add(*truth->parent);
    }
    const OverlayDir* dir = input_.model.overlay.find(id);
    if (dir == nullptr) {
      return;
    }
    for (const std::string_view piece : split(dir->lower.bytes, ':')) {
      const ShortLink* link = input_.model.overlay.find_link(piece.substr(piece.rfind('/') + 1));
      if (link != nullptr && link->points_to) {
        add(*link->points_to);
      }
    }
  }

  const CheckInput& input_;
  std::set<CacheId> kept_;
  std::vector<CacheId> pending_;
  bool known_ = true;
};

void quarantine(const CheckInput& input, const RelPath& path, size_t index, PlanBuilder& plan) {
  const Expect expect = expect_now(input.root, path);
  if (!expect.absent) {
    plan.add(index, stage::kDatabases, Quarantine{path}, expect);
  }
}

// Of all findings that ask for a reset, the one that also moves the directories: enough for one plan, and a cache may
// have thousands of records.
bool moves_directories(const CheckInput& input, const Finding& finding) {
  const BuildCache& cache = input.model.build_cache;
  for (const Database* database : {&cache.snapshots_db, &cache.metadata_db, &cache.content_db}) {
    if (database->state == Database::State::Bad) {
      return finding.subject == Subject{SubjectKind::Database, database->path.text()};
    }
  }
  for (const auto& [id, truth] : input.derived.missing_dirs) {
    if (std::any_of(truth.owners.begin(), truth.owners.end(),
                    [](const DirOwner& owner) { return owner.kind == DirOwner::Kind::Build; })) {
      return finding.subject == Subject{SubjectKind::BuildCache, id.text()};
    }
  }
  return false;
}

// This goes with the databases and not as garbage in a second run, because afterwards no record tells
// any more that these were the cache's: they would be orphans like others, of which nothing is known.
void quarantine_directories(const CheckInput& input, size_t index, PlanBuilder& plan) {
  const Kept kept(input);
  if (!other_owners_known(input) || !kept.is_known()) {
    return;  // they stay, and are found again as orphans when that is repaired
  }
  for (size_t i = 0; i < input.derived.dirs.size(); ++i) {
    const CacheId& id = input.model.overlay.dirs[i].id;
    const bool of_build = id.form() == CacheId::Form::BuildKit || !input.derived.dirs[i].owners.empty();
    if (of_build && !kept.contains(id)) {
      quarantine_dir_and_link(input, id, index, plan);
    }
  }
}

}  // namespace

// metadata.db is the form of versions up to 19.03. Images keep working without any of this; a daemon
// makes all files anew and empty at its next start.
void fix_reset_build_cache(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const RelPath base = "buildkit";
  for (const char* name :
       {"cache.db", "containerdmeta.db", "content", "history.db", "metadata.db", "metadata_v2.db", "snapshots.db"}) {
    quarantine(input, base / name, index, plan);
  }
  if (moves_directories(input, finding)) {
    quarantine_directories(input, index, plan);
  }
}

}  // namespace dfsck
