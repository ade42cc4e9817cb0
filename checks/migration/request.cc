// From the user's wish and the plan.
#include "checks/migration/request.h"

namespace dfsck {

// Kept in the target's state. A run that goes on with other choices would leave a
// mixture of both in it, and be called complete.
std::string note_of(const MigrationWish& wish) {
  std::string note = "everything";
  if (!wish.images.empty()) {
    note = "images";
    for (const std::string& image : wish.images) {
      note += " " + image;
    }
  }
  for (const OmittedArea omitted : wish.choice.omitted) {
    note += omitted == OmittedArea::Volumes      ? " without volumes"
            : omitted == OmittedArea::Containers ? " without containers"
                                                 : " without buildkit";
  }
  note += wish.choice.without_containerd_store ? " without the containerd store" : "";
  note += wish.choice.keep_orphans ? " with orphans" : "";
  // Otherwise files that name the place would keep the one of the run before.
  return note + (wish.final_path.empty() ? "" : " for " + wish.final_path);
}

std::string written_as(const std::vector<WrittenFile>& files) {
  std::string all;
  for (const WrittenFile& file : files) {
    all += file.path.bytes() + std::string(1, '\0') + std::to_string(file.bytes.size()) + ":" + file.bytes;
  }
  return all;
}

// A live run takes nothing away and does not follow changes: the daemon is still changing things, and
// the run that comes after sees them at rest.
MigrationOptions request_of(const MigrationWish& wish, const CopyPlan& plan) {
  const bool is_live = wish.when == MigrationWish::When::Live;
  MigrationOptions options;
  options.jobs = wish.jobs;
  options.verify = wish.verify;
  options.mounts = plan.mounts();
  options.bytes_per_second = wish.bytes_per_second;
  options.note = note_of(wish);
  options.removes_others = !is_live;
  options.changes_follow = !is_live;
  return options;
}

std::vector<MigrationUnit> units_of(const MigrationReport& report) {
  std::vector<MigrationUnit> units;
  const OmitFilter filter = report.plan.filter();
  for (const size_t i : report.copied_units) {
    units.push_back(report.plan.units[i]);
    units.back().omit = filter;
  }
  return units;
}

}  // namespace dfsck
