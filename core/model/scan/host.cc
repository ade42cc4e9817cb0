// Reads the host's state into the model: raw facts come from core/fs/host, what they say of the root from host_facts.
#include <algorithm>

#include "core/base/escape.h"
#include "core/model/records/mount_table.h"
#include "core/model/scan/host_facts.h"

namespace dfsck {
namespace {

// The type of the mount that the root lies on.
std::string mount_type(const std::string& path, const std::string& mountinfo) {
  const std::vector<MountEntry> mounts = parse_mountinfo(mountinfo);
  const MountEntry* mount = mount_holding(mounts, path);
  return mount != nullptr ? mount->type : "";
}

void read_label(const Root& root, Model& model) {
  const RelPath path = model.driver_covered ? RelPath() / model.driver : RelPath("image");
  const auto xattrs = root.xattrs(path);
  const auto label = xattrs ? xattrs->find("security.selinux") : std::map<std::string, std::string>::const_iterator();
  if (xattrs && label != xattrs->end()) {
    model.host.overlay_label = label->second.substr(0, label->second.find('\0'));
  }
}

}  // namespace

// What cannot be read of the host is left as unknown: in a container or a sandbox much of /proc is hidden, and no
// finding about the root may hang on that.
void scan_host(const Root& root, Model& model) {
  const HostSnapshot host = read_host();
  HostFacts& facts = model.host;
  read_host_facts(root, host, model);
  const Result<Dir> dir = root.open_dir(RelPath());
  const Result<FilesystemFacts> filesystem = dir ? filesystem_facts(*dir) : dir.error();
  if (!filesystem) {
    model.failures.push_back({RelPath(), filesystem.error().op, filesystem.error().code});
    return;
  }
  facts.filesystem = filesystem_name(filesystem->magic);
  const std::string type = mount_type(root.path(), host.mountinfo);
  facts.suitable = holds_layers(facts.filesystem, type, model.driver);
  if (facts.filesystem == "fuse" && !type.empty()) {
    facts.filesystem = escaped(type);  // "fuse.sshfs" says more
  }
  facts.read_only = filesystem->read_only;
  facts.total_bytes = filesystem->total_bytes;
  facts.free_bytes = filesystem->free_bytes;
  facts.total_inodes = filesystem->total_inodes;
  facts.free_inodes = filesystem->free_inodes;
  // btrfs and others make inodes as they need them and report none at all.
  facts.limits_inodes = filesystem->total_inodes != 0;
  facts.reports_types = reports_entry_types(*dir);
  if (facts.selinux_enabled) {
    read_label(root, model);
  }
}

}  // namespace dfsck
