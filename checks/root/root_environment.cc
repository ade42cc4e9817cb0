// The filesystem under the root, its mounts, and who uses it. What is wrong here explains much of what is wrong below.
#include <algorithm>
#include <array>

#include "checks/checks.h"
#include "checks/input.h"
#include "checks/liveness.h"
#include "checks/obstacles.h"
#include "core/base/errno_class.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

constexpr uint64_t kLittleSpace = 64ULL << 20;  // less than one usual layer
constexpr uint64_t kFewInodes = 1000;           // less than one usual layer
constexpr uint64_t kSmallPart = 100;            // of a small disk, a hundredth is full enough

// A lock without a visible holder is another thing than a running daemon: it may be a daemon in a
// container, whose processes are not seen, or a process that hangs. Both keep repairs away.
void check_users(const Model& model, FindingSink& sink) {
  const std::vector<std::string> users = user_evidence(model);
  if (!users.empty()) {
    sink.add(problem::root_live, kRootSubject, {}).args["evidence"] = joined(users, "; ");
  } else {
    for (const Database* database : locked_databases(model)) {
      sink.add(problem::root_database_locked, {SubjectKind::Database, database->path.text()}, database->path)
          .args["path"] = database->path.text();
    }
  }
  std::vector<std::string> daemons;
  for (const HostFacts::Daemon& daemon : model.host.daemons) {
    if (daemon.name == "dockerd") {
      daemons.push_back("pid " + std::to_string(daemon.pid));
    }
  }
  // Only dockerd: a containerd of its own has the root open as well.
  if (daemons.size() > 1) {
    Finding& finding = sink.add(problem::root_several_daemons, kRootSubject, {});
    finding.args["count"] = std::to_string(daemons.size());
    finding.args["evidence"] = joined(daemons, ", ");
  }
}

// Only what speaks of the disk (EIO, EUCLEAN, EBADMSG). A refused permission is no state of the root.
void check_errors(const Model& model, FindingSink& sink) {
  const RelPath* last = nullptr;
  for (const ScanFailure& failure : model.failures) {  // sorted by path; one finding for each path is enough
    if (!speaks_of_disk(failure.code) || (last != nullptr && *last == failure.path)) {
      continue;
    }
    last = &failure.path;
    Finding& finding = sink.add(problem::root_io_error, {SubjectKind::File, failure.path.text()}, failure.path);
    finding.args["op"] = failure.op;
    finding.args["path"] = failure.path.text();
    finding.args["reason"] = errno_text(failure.code);
  }
}

bool is_little(uint64_t free, uint64_t total, uint64_t little) { return free < std::min(little, total / kSmallPart); }

// Found first and told first, since it explains what follows: a full disk leaves files empty, one that
// is not mounted leaves all of them missing.
void check_filesystem(const HostFacts& host, FindingSink& sink) {
  for (const HostFacts::MissingMount& missing : host.missing_mounts) {
    Finding& finding = sink.add(problem::root_not_mounted, kRootSubject, {});
    finding.args["mountpoint"] = missing.mountpoint;
    finding.args["source"] = missing.source;
  }
  if (host.read_only) {
    sink.add(problem::root_read_only, kRootSubject, {});
  }
  const bool few_inodes = host.limits_inodes && is_little(host.free_inodes, host.total_inodes, kFewInodes);
  if (!host.read_only && (few_inodes || is_little(host.free_bytes, host.total_bytes, kLittleSpace))) {
    Finding& finding = sink.add(problem::root_disk_full, kRootSubject, {});
    finding.args["free"] = human_bytes(host.free_bytes);
    finding.args["inodes"] = host.limits_inodes ? counted(host.free_inodes, "inode") : "inodes as needed";
  }
  if (!host.reports_types) {
    sink.add(problem::root_no_dtype, kRootSubject, {});
  }
  if (!host.suitable) {
    sink.add(problem::root_unsuitable_filesystem, kRootSubject, {}).args["filesystem"] = host.filesystem;
  }
}

// SELinux types of places that no container may read: what a root gets that was moved without its labels. A root at
// its usual place has var_lib_t where no policy for containers is installed; nothing is confined then.
bool is_foreign_type(std::string_view label) {
  constexpr std::array<std::string_view, 8> kForeign{"default_t", "unlabeled_t", "home_root_t", "user_home_t",
                                                     "mnt_t",     "tmp_t",       "user_tmp_t",  "file_t"};
  const auto fields = split(label, ':');
  return fields.size() > 2 && std::find(kForeign.begin(), kForeign.end(), fields[2]) != kForeign.end();
}

// A copy without its labels runs as before until a container opens a file of its
// own. Without SELinux a label means nothing.
void check_label(const CheckInput& input, FindingSink& sink) {
  const HostFacts& host = input.model.host;
  if (!host.selinux_enabled || !is_foreign_type(host.overlay_label)) {
    return;
  }
  const RelPath path = input.model.driver_covered ? RelPath() / input.model.driver : RelPath("image");
  Finding& finding = sink.add(problem::root_wrong_label, kRootSubject, path);
  finding.args["path"] = path.text();
  finding.args["label"] = escaped(host.overlay_label);
  finding.args["root"] = escaped(input.root.path());
}

}  // namespace

void check_root_environment(const CheckInput& input, FindingSink& sink) {
  check_users(input.model, sink);
  check_errors(input.model, sink);
  check_filesystem(input.model.host, sink);
  check_label(input, sink);
}

}  // namespace dfsck
