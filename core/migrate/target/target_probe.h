// Whether a filesystem can hold a Docker root: found out by doing what a copy and a daemon will do there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/fs/host.h"
#include "core/fs/root.h"

namespace dfsck {

struct Capability {
  enum class Verdict { Ok, Fatal, Warning, NotTested };
  std::string_view slug;  // "d-type", "overlay-mount": for reports
  std::string_view name;  // "types of entries in directory listings": for people
  Verdict verdict = Verdict::Ok;
  std::string detail;  // escaped; why it is missing and what that means, or why it was not tested; empty if Ok
};
std::string_view capability_verdict_name(Capability::Verdict verdict);  // "ok", "missing", "warning", "not-tested"

struct TargetProbe {
  FilesystemFacts facts;
  std::string filesystem;                // "ext4"
  std::vector<Capability> capabilities;  // always the same ones, in the same order

  bool able() const;  // none is Fatal
};

struct ProbeOptions {
  bool mount_overlay = true;  // in a private mount namespace of a child process
};

// Makes a directory in the `.docker-fsck` of `target`, tries everything in it, and removes it, with what an earlier
// trial left that was killed, and `.docker-fsck` too where nothing else is in it. An Error where that cannot be made or
// removed, naming what stays; Busy as RootLock::take, before anything is written. Must run with the privileges of the
// copy.
Result<TargetProbe> probe_target(const Root& target, const ProbeOptions& options = {});

// The same without writing anything, for dry runs on targets that must stay as they are: what only doing can tell is
// NotTested.
Result<TargetProbe> survey_target(const Root& target);

}  // namespace dfsck
