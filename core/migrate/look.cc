// The walk that only looks.
#include "core/migrate/look.h"

#include "core/base/path_text.h"

namespace dfsck {
namespace {

class LookWalk : public TreeWalk {
 public:
  LookWalk(CopyContext& context, CopyUnit& unit, SharedWork& work, KnownLinks& links, std::function<void()> done)
      : TreeWalk(context, unit, work, false), links_(links), done_(std::move(done)) {}

 private:
  // Only files with several names have to be known one by one: their other names may lie in a unit that is copied
  // now.
  void member(const DirPair&, bool, const std::string&, const std::string& path, const Statx& info) override {
    if (info.stat.links > 1) {
      links_.add(context_.link_key(path, info.stat), info.stat.links, path);
    }
  }
  void ended() override { done_(); }

  KnownLinks& links_;
  std::function<void()> done_;
};

}  // namespace

void KnownLinks::add(LinkTable::Key key, uint64_t links, const std::string& path) {
  const std::lock_guard lock(mutex_);
  names_.push_back({key, links, path});
}

// By what the target has, not by what the journal says: a name that is not there, or no longer, cannot be linked to.
void KnownLinks::adopt_into(CopyContext& context) const {
  for (const Name& name : names_) {
    const Result<Dir> dir = open_far_dir(context.target, parent_path(name.path));
    Statx info;
    if (dir && read_statx(dir->fd(), std::string(last_name(name.path)).c_str(), info) == 0) {
      context.links.adopt(name.key, name.links, name.path, info.stat.inode);
    }
  }
}

void look_at_tree(CopyContext& context, CopyUnit& unit, SharedWork& work, KnownLinks& links,
                  std::function<void()> ended) {
  std::make_shared<LookWalk>(context, unit, work, links, std::move(ended))->start();
}

// A look that was not taken stays null, so that nobody takes an empty sum for one.
std::vector<std::unique_ptr<UnitLook>> look_at_units(CopyContext& context,
                                                     const std::vector<const MigrationUnit*>& units, unsigned jobs) {
  std::vector<std::unique_ptr<UnitLook>> looks(units.size());
  for_each_shared(units.size(), jobs, context.stop(), [&](size_t n, SharedWork& work) {
    if (!context.stopped()) {
      looks[n] = std::make_unique<UnitLook>(*units[n]);
      look_at_tree(context, looks[n]->probe, work, looks[n]->links, [] {});
    }
  });
  return looks;
}

}  // namespace dfsck
