// One walk for everything that has to be known of all files.
#include "checks/migration/measure.h"

#include <algorithm>

#include "core/base/escape.h"

namespace dfsck {
namespace {

// By device and inode, since a bind mount has another path.
FileIdentity identity_of(const Root& root) {
  const Result<FileStat> stat = root.stat(RelPath());
  return stat ? FileIdentity{stat->device, stat->inode} : FileIdentity{};
}

// A socket without the program that listens is a name only.
void omit_sockets(MigrationReport& report) {
  std::vector<Omission>& omissions = report.plan.omissions;
  for (const std::string& socket : report.need.sockets) {
    if (const std::optional<RelPath> path = RelPath::parse(socket)) {
      omissions.push_back({Omission::Kind::Socket, *path, false, CopyArea::Other,
                           "a socket; the program that listens makes it anew", 0, 1});
    }
  }
  std::sort(omissions.begin(), omissions.end(),
            [](const Omission& one, const Omission& other) { return one.path < other.path; });
}

}  // namespace

void measure_migration(const Root& source, const Root& target, std::vector<std::string> old_places,
                       const Cancel& cancel, Progress& progress, MigrationReport& report) {
  constexpr uint64_t kBlock = 4096;
  const unsigned jobs = report.wish.jobs;
  const MeasureWishes wishes{report.plan.mounts(), {identity_of(source), identity_of(target)}, std::move(old_places)};
  report.need = measure_units(source, report.plan.units, report.plan.filter(), kBlock, jobs, cancel, progress, wishes);
  // Found before the copy begins: it would fill the target's disk to the last block.
  for (const RefusedPlace& place : report.need.refused) {
    report.obstacles.push_back(
        escaped(place.path) + " is " + (place.which == 0 ? "the source itself" : "what the target lies in") +
        ", mounted or linked into the source: copying it would have no end; unmount it, or remove "
        "the link, first");
  }
  measure_omissions(source, report.plan.omissions, jobs, cancel, progress);
  omit_sockets(report);
}

}  // namespace dfsck
