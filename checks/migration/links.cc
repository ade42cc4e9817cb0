// Links of areas and of volumes' data were resolved when the root was opened; these are the others. What is in volumes,
// layers and plugins is not the daemon's, and full of links.
#include "checks/migration/links.h"

#include <sys/stat.h>

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/fs/area_links.h"

namespace dfsck {
namespace {

// By the words of the link alone.
// Nothing is resolved: what is on this host says nothing of the one on which the target will be used.
bool stays_inside(const RelPath& directory, const std::string& target) {
  int depth = 0;
  for (const std::string_view part : split(directory.bytes() + "/" + target, '/')) {
    depth += part == ".." ? -1 : part.empty() || part == "." ? 0 : 1;
    if (depth < 0) {
      return false;
    }
  }
  return true;
}

class DaemonLinks {
 public:
  DaemonLinks(const Root& source, MigrationReport& report)
      : source_(source), report_(report), filter_(report.plan.filter()) {}

  void run() {
    for (const MigrationUnit& unit : report_.plan.units) {
      if (source_.area_links().at(unit.path) == nullptr && !(unit.area == CopyArea::Volumes && is_of_user(unit.path))) {
        look(unit.path, depth_in(unit));
      }
    }
    std::sort(report_.plan.omissions.begin(), report_.plan.omissions.end(),
              [](const Omission& one, const Omission& other) { return one.path < other.path; });
  }

 private:
  // Deeper than a volume's own directory, where only metadata.db is the daemon's.
  static bool is_of_user(const RelPath& path) { return path.parent().name() != "volumes"; }

  // How far below a unit the daemon's own things lie.
  static int depth_in(const MigrationUnit& unit) {
    const bool is_flat = unit.area == CopyArea::Images || unit.area == CopyArea::Networks ||
                         unit.area == CopyArea::Swarm || unit.path.parent().name() == "containers";
    return is_flat && unit.kind == MigrationUnit::Kind::Tree ? 2 : 0;
  }

  void look(const RelPath& path, int depth) {
    const Result<FileStat> stat = source_.stat(path);
    if (stat && stat->is_symlink()) {
      name(path);
    } else if (stat && stat->is_dir() && depth > 0) {
      const Result<Dir> dir = source_.open_dir(path);
      const Result<std::vector<DirEntry>> entries = dir ? dir->list() : dir.error();
      for (const DirEntry& entry : entries ? *entries : std::vector<DirEntry>{}) {
        const bool matters = entry.type == S_IFLNK || entry.type == S_IFDIR;
        if (matters && !filter_((path / entry.name).bytes(), entry.type)) {
          look(path / entry.name, depth - 1);
        }
      }
    }
  }

  // A link that leads into the root by an absolute path, or out of it and in again, leads to the old
  // root from the new place. Whoever removes the old one loses what is behind it.
  void name(const RelPath& path) {
    const Result<std::string> target = source_.read_link(path);
    if (!target) {
      return;
    }
    const bool is_relative = !target->starts_with('/');
    if (is_relative && stays_inside(path.parent(), *target)) {
      return;  // the copy of the link leads to the copy of what is there
    }
    const std::string reason = "behind a link to " + escaped(*target) + ", which stays a link";
    if (is_relative || (*target + "/").starts_with(source_.path() + "/")) {
      report_.plan.omissions.push_back({Omission::Kind::Mounted, path, true, CopyArea::Other, reason, 0, 0});
    } else {
      report_.plan.outside.push_back(path.text() + ": " + reason);
    }
  }

  const Root& source_;
  MigrationReport& report_;
  const OmitFilter filter_;
};

}  // namespace

void name_daemon_links(const Root& source, MigrationReport& report) { DaemonLinks(source, report).run(); }

}  // namespace dfsck
