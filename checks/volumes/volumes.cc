// volumes/: the daemon takes every directory there for a volume, and refuses to start if it cannot read one's options.
#include <algorithm>
#include <set>

#include "checks/checks.h"
#include "checks/databases/volume_rebuild.h"
#include "checks/input.h"
#include "core/base/escape.h"

namespace dfsck {
namespace {

Subject subject_of(const Volume& volume) { return {SubjectKind::Volume, escaped(volume.name)}; }

// One bad file keeps the whole daemon from starting, because all volumes are loaded when it starts. A
// missing one does not: the volume becomes a plain directory, and what should be mounted on it, such as
// a network share, is silently not. Nothing but the database can tell that there should be one.
void check_options(const VolumeStore& store, const Volume& volume, FindingSink& sink) {
  // Only a sound database proves what the options were.
  const VolumeRecord* record = store.database.state == Database::State::Good ? store.find_record(volume.name) : nullptr;
  const bool restorable = record != nullptr && is_local(*record) && volume_options_file(*record).has_value();
  const bool lost = volume.options.absent() && restorable;
  if (volume.options_problem.empty() && !lost) {
    return;
  }
  Finding& finding = sink.add(restorable ? problem::volume_options_restorable : problem::volume_options_bad,
                              subject_of(volume), volume.path / "opts.json");
  finding.args["volume"] = escaped(volume.name);
  finding.args["state"] = lost ? "missing" : volume.options_problem;
  finding.args["effect"] = lost ? "The volume is mounted as a plain directory, without its options."
                                : "THE DAEMON DOES NOT START: \"error while unmarshaling volume options\".";
}

// Names of local volumes that somebody counts on.
std::set<std::string> known_volumes(const Model& model) {
  std::set<std::string> known;
  for (const VolumeRecord& record : model.volumes.records) {
    if (is_local(record)) {
      known.insert(record.name);
    }
  }
  for (const Container& container : model.containers.containers) {
    for (const Container::MountPoint& mount : container.mount_points) {
      if (!mount.name.empty() && (mount.driver.empty() || mount.driver == "local")) {
        known.insert(mount.name);
      }
    }
  }
  return known;
}

// A link that leads nowhere is a finding of its own.
bool is_broken_link(const Model& model, const RelPath& path) {
  const std::vector<Boundary>& all = model.host.boundaries;
  return std::any_of(all.begin(), all.end(),
                     [&](const Boundary& each) { return each.path == path && !each.problem.empty(); });
}

void foreign(const RelPath& path, FindingSink& sink) {
  sink.add(problem::volume_entry_foreign, {SubjectKind::File, path.text()}, path).args["path"] = path.text();
}

}  // namespace

void check_volumes(const CheckInput& input, FindingSink& sink) {
  const VolumeStore& store = input.model.volumes;
  const std::set<std::string> known = known_volumes(input.model);
  for (const Volume& volume : store.volumes) {
    check_options(store, volume, sink);
    if (volume.has_data || volume.data_problem == "unreadable") {
      continue;  // what cannot be read is an error of the disk, and reported as one
    }
    if (is_broken_link(input.model, volume.path / "_data")) {
      continue;
    }
    // A directory that somebody put there: before 29.4 the daemon takes it for a volume, and no harm comes of it.
    if (volume.options.absent() && !known.contains(volume.name)) {
      foreign(volume.path, sink);
      continue;
    }
    // No repair, not even an empty directory: a database that finds one begins anew in it, and from
    // then on the loss cannot be told from a new volume.
    sink.add(problem::volume_data_missing, subject_of(volume), volume.path / "_data").args["volume"] =
        escaped(volume.name);
  }
  for (const RelPath& path : store.foreign) {
    if (!path.name().starts_with(".tmp-") && !is_broken_link(input.model, path)) {
      foreign(path, sink);
    }
  }
}

}  // namespace dfsck
