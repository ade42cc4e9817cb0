// Each capability is one small experiment in a directory of its own.
#include "core/migrate/target/target_probe.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "core/base/try.h"
#include "core/fs/lock.h"
#include "core/fs/write/mount_trial.h"
#include "core/fs/write/writer.h"
#include "core/model/scan/host_facts.h"

namespace dfsck {
namespace {

using Verdict = Capability::Verdict;
using namespace std::string_literals;

constexpr const char* kTrial = "trial";  // in our own directory, so that nobody's files are among what a kill leaves
constexpr uint32_t kUser = 100'000;      // as in user-namespace remapped roots
constexpr uint32_t kGroup = 100'001;
constexpr size_t kLongestName = 255;  // NAME_MAX

// What an experiment gives: empty where all is well.
using TrialOutcome = std::string;

TrialOutcome failure(const Result<void>& result) { return result ? "" : result.error().message(); }

// --- the experiments; each works in the open directory that it is given ---

TrialOutcome try_types(const Dir& dir) {
  const Result<Fd> file = make_file(dir, "file", "");
  if (!file) {
    return file.error().message();
  }
  return reports_entry_types(dir) ? "" : "directory listings do not tell types (xfs made with ftype=0?)";
}

// Ids that no ordinary user has: a filesystem that maps all owners to one shows it.
TrialOutcome try_owner(const Dir& dir) {
  const Result<Fd> file = make_file(dir, "file", "");
  const Result<void> set = file ? set_owner_mode(dir, "file", {kUser, kGroup, 0640}) : file.error();
  const Result<FileStat> stat = set ? dir.stat("file") : set.error();
  if (!stat) {
    return stat.error().message();
  }
  return stat->uid == kUser && stat->gid == kGroup ? "" : "the owner became another one";
}

TrialOutcome try_modes(const Dir& dir) {
  constexpr uint32_t kMode = 07755;
  const Result<Fd> file = make_file(dir, "file", "");
  const Result<void> set = file ? set_owner_mode(dir, "file", {kUser, kGroup, kMode}) : file.error();
  const Result<FileStat> stat = set ? dir.stat("file") : set.error();
  if (!stat) {
    return stat.error().message();
  }
  return (stat->mode & 07777) == kMode ? "" : "setuid, setgid or other bits were dropped";
}

TrialOutcome try_time(const Dir& dir, FileTime time) {
  const Result<Fd> file = make_file(dir, "file", "");
  const Result<void> set = file ? set_mtime(dir, "file", time) : file.error();
  const Result<FileStat> stat = set ? dir.stat("file") : set.error();
  if (!stat) {
    return stat.error().message();
  }
  return stat->mtime == time ? "" : "a time was changed";
}

TrialOutcome try_links(const Dir& dir) {
  const std::string target = "../"s + std::string(500, 't') + "/nowhere";
  const Result<void> made = make_symlink(dir, "link", target);
  const Result<std::string> read = made ? dir.read_link("link") : made.error();
  if (!read) {
    return read.error().message();
  }
  return *read == target ? "" : "the target of a link was changed";
}

TrialOutcome try_hard_links(const Dir& dir) {
  const Result<Fd> file = make_file(dir, "file", "");
  const Result<void> linked = file ? make_hard_link(dir, "file", dir, "other") : file.error();
  const Result<FileStat> stat = linked ? dir.stat("other") : linked.error();
  if (!stat) {
    return stat.error().message();
  }
  return stat->links == 2 ? "" : "a second name is another file";
}

// Whiteouts are character devices 0:0: without them every file that a layer deletes is back.
TrialOutcome try_nodes(const Dir& dir) {
  for (const auto& [name, type] : {std::pair("whiteout", uint32_t{S_IFCHR}), std::pair("pipe", uint32_t{S_IFIFO})}) {
    const Result<void> made = make_node(dir, name, type, 0, 0);
    const Result<FileStat> stat = made ? dir.stat(name) : made.error();
    if (!stat) {
      return stat.error().message();
    }
    if ((stat->mode & S_IFMT) != type || stat->rdev_major != 0 || stat->rdev_minor != 0) {
      return "a device node became something else";
    }
  }
  return "";
}

TrialOutcome try_attribute(const Dir& dir, const std::string& key, const std::string& value) {
  const Result<Fd> file = make_file(dir, "file", "");
  const Result<void> set = file ? set_attribute(dir, "file", key, value) : file.error();
  const Result<std::map<std::string, std::string>> read = set ? dir.xattrs("file") : set.error();
  if (!read) {
    return read.error().message();
  }
  const auto found = read->find(key);
  return found != read->end() && found->second == value ? "" : "an attribute did not come back as it was written";
}

// A filesystem that fills holes would need many times the room for databases and disk images in volumes.
TrialOutcome try_sparse(const Dir& dir) {
  constexpr uint64_t kSize = 64ULL << 20;
  constexpr uint64_t kMost = 1ULL << 20;
  const Result<Fd> file = make_file(dir, "file", "");
  const Result<void> cut = file ? cut_to(file->get(), kSize, "file") : file.error();
  const Result<FileStat> stat = cut ? dir.stat("file") : cut.error();
  if (!stat) {
    return stat.error().message();
  }
  return stat->blocks * 512 <= kMost ? "" : "holes in files take room";
}

// ext4 and f2fs can fold case for single directories, which no name of the filesystem tells.
TrialOutcome try_case(const Dir& dir) {
  const Result<Fd> upper = make_file(dir, "Name", "");
  const Result<Fd> lower = upper ? make_file(dir, "name", "") : upper.error();
  return lower ? "" : "Name and name are the same file";
}

TrialOutcome try_name(const Dir& dir, const std::string& name) {
  const Result<Fd> file = make_file(dir, name, "");
  const Result<std::vector<DirEntry>> list = file ? dir.list() : file.error();
  if (!list) {
    return list.error().message();
  }
  return list->size() == 1 && list->front().name == name ? "" : "a name was changed";
}

// A repair swaps the new object and the old one in a single call, so that the old one is kept in the same instant;
// where the filesystem cannot do that, its steps fail.
TrialOutcome try_exchange(const Dir& dir) {
  const Result<Fd> file = make_file(dir, "file", "");
  const Result<void> made = file ? make_directory(dir, "directory", 0700) : file.error();
  return failure(made ? exchange(dir, "file", dir, "directory") : made);
}

// --- the table ---

// Doing and then looking whether it was done: a filesystem may take a call, say that all is well and keep something
// else.
struct Experiment {
  std::string_view slug, name;
  Verdict otherwise;             // where it fails
  std::string_view consequence;  // of failing
  std::function<TrialOutcome(const Dir&)> run;
};

const std::string& some_capability() {
  // vfs_cap_data of version 2: effective, permitted CAP_NET_RAW (linux/capability.h).
  static const std::string value("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
                                 20);
  return value;
}

const std::string& some_acl() {
  // posix_acl_xattr of version 2 (linux/posix_acl_xattr.h): user::rw-, user:1000:r--, group::r--, mask::r--,
  // other::---.
  static const std::string value(
      "\x02\x00\x00\x00\x01\x00\x06\x00\xff\xff\xff\xff\x02\x00\x04\x00\xe8\x03\x00\x00\x04\x00\x04\x00\xff\xff\xff\xff"
      "\x10\x00\x04\x00\xff\xff\xff\xff\x20\x00\x00\x00\xff\xff\xff\xff",
      44);
  return value;
}

std::vector<Experiment> experiments() {
  const auto attribute = [](std::string key, std::string value) {
    return [key = std::move(key), value = std::move(value)](const Dir& dir) { return try_attribute(dir, key, value); };
  };
  const auto time = [](FileTime when) { return [when](const Dir& dir) { return try_time(dir, when); }; };
  const auto name = [](std::string text) {
    return [text = std::move(text)](const Dir& dir) { return try_name(dir, text); };
  };
  return {
      {"d-type", "types in directory listings", Verdict::Fatal, "the daemon refuses such a root", try_types},
      {"owners", "owners", Verdict::Fatal, "files would belong to the wrong users", try_owner},
      {"modes", "setuid, setgid and sticky bits", Verdict::Fatal, "programs would lose their rights", try_modes},
      {"symbolic-links", "symbolic links", Verdict::Fatal, "overlay2/l and most images are full of them", try_links},
      {"hard-links", "hard links", Verdict::Fatal, "layers would no longer be what they were", try_hard_links},
      {"device-nodes", "device nodes", Verdict::Fatal, "deleted files would reappear", try_nodes},
      {"trusted-xattrs", "trusted.* attributes", Verdict::Fatal, "deleted directories would reappear",
       attribute("trusted.overlay.opaque", "y")},
      {"capabilities", "file capabilities", Verdict::Fatal, "programs like ping would lose their rights",
       attribute("security.capability", some_capability())},
      {"user-xattrs", "user.* attributes", Verdict::Warning, "those of files that have some would be lost",
       attribute("user.docker-fsck", "value")},
      {"acls", "access control lists", Verdict::Warning, "those of files that have some would be lost",
       attribute("system.posix_acl_access", some_acl())},
      {"times", "times in nanoseconds", Verdict::Warning, "times of files would be rounded",
       time({1'700'000'000, 123'456'789})},
      {"late-times", "times after 2038", Verdict::Warning, "such times would be cut", time({4'102'444'800, 0})},
      {"sparse-files", "holes in files", Verdict::Warning, "sparse files would grow to their full size", try_sparse},
      {"case", "upper and lower case in names", Verdict::Fatal, "files would overwrite one another", try_case},
      {"long-names", "names of 255 bytes", Verdict::Fatal, "files with long names could not be copied",
       name(std::string(kLongestName, 'n'))},
      {"any-names", "names of any bytes", Verdict::Fatal, "files with such names could not be copied",
       name("not utf-8: \xff\xfe\n\x80")},
      {"exchange", "exchanging two names", Verdict::Warning, "docker-fsck could not repair there", try_exchange},
  };
}

constexpr std::string_view kMountSlug = "overlay-mount";
constexpr std::string_view kMountName = "overlay mounts";

Capability mount_not_tested(std::string why) { return {kMountSlug, kMountName, Verdict::NotTested, std::move(why)}; }

// Everything that the daemon does through an overlay is tried in a mount namespace of its own, from which no mount
// can be left behind. Not to be allowed to try says nothing about the target.
Capability try_mount(const Dir& dir) {
  Capability capability{kMountSlug, kMountName, Verdict::Fatal, ""};
  for (const char* name : {"lower", "upper", "work", "merged"}) {
    if (const Result<void> made = make_directory(dir, name, 0755); !made) {
      capability.detail = made.error().message();
      return capability;
    }
  }
  const Result<Dir> lower = dir.open_dir("lower");
  Result<void> made = lower ? make_directory(*lower, "directory", 0755) : lower.error();
  const Result<Dir> inner = made ? lower->open_dir("directory") : made.error();
  const Result<Fd> inside = inner ? make_file(*inner, "inside", "") : inner.error();
  const Result<Fd> file = inside ? make_file(*lower, "file", "") : inside.error();
  if (!file) {
    capability.detail = file.error().message();
    return capability;
  }
  const MountTrial trial = try_overlay(dir);
  const std::string reason = trial.code == 0 ? "" : ": " + errno_text(trial.code);
  switch (trial.step) {
    case MountTrial::Step::Done: capability.verdict = Verdict::Ok; break;
    case MountTrial::Step::Namespace: return mount_not_tested("no mount namespace of our own" + reason);
    case MountTrial::Step::Unknown: return mount_not_tested("the process that tried it ended early" + reason);
    case MountTrial::Step::Mount:
      if (trial.code == EPERM || trial.code == EACCES || trial.code == ENODEV) {
        return mount_not_tested("this process may not mount an overlay" + reason);
      }
      capability.detail = "the kernel refuses an overlay on it" + reason;
      break;
    case MountTrial::Step::ReadThrough: capability.detail = "files cannot be read through an overlay" + reason; break;
    case MountTrial::Step::Change: capability.detail = "an overlay on it can only be read" + reason; break;
    case MountTrial::Step::Whiteout: capability.detail = "an overlay on it cannot delete files" + reason; break;
    case MountTrial::Step::Opaque: capability.detail = "an overlay on it cannot replace directories" + reason; break;
  }
  return capability;
}

Capability options_of(const FilesystemFacts& facts) {
  Capability capability{"mount-options", "mount options", Verdict::Ok, ""};
  if (facts.read_only) {
    return {capability.slug, capability.name, Verdict::Fatal, "it is mounted read-only"};
  }
  std::string options;
  const auto add = [&](bool set, std::string_view option) {
    options += set ? (options.empty() ? "" : ", ") + std::string(option) : "";
  };
  add(facts.no_devices, "nodev");
  add(facts.no_exec, "noexec");
  add(facts.no_setuid, "nosuid");
  if (!options.empty()) {
    capability.verdict = Verdict::Warning;
    capability.detail = "mounted with " + options + ", which volumes of containers inherit";
  }
  return capability;
}

// Why a kind of filesystem is refused, whatever it may be able to do; empty if it is not.
// Whatever the experiments say: on a network filesystem all of them may succeed today.
std::string why_refused(const std::string& filesystem) {
  if (filesystem == "overlay") {
    return "an overlay cannot hold the upper directories of other overlays";
  }
  for (const std::string_view network : {"nfs", "cifs", "smb", "smb2", "9p", "ceph", "afs", "vboxsf"}) {
    if (filesystem == network) {
      return "the daemon does not run on network filesystems: another machine may change them, and locks and overlays "
             "fail";
    }
  }
  for (const std::string_view foreign : {"ntfs", "ntfs3", "vfat", "exfat", "hfsplus"}) {
    if (filesystem == foreign) {
      return "it keeps neither owners nor attributes as Linux has them";
    }
  }
  return holds_layers(filesystem, "", "overlay2") || filesystem == "fuse" ? "" : "it cannot hold layers";
}

// FUSE says nothing of what lies behind it: virtiofs is as good as its host's filesystem, sshfs is not. So there the
// experiments decide.
Capability kind_of(const std::string& filesystem, bool proven) {
  Capability capability{"filesystem", "kind of filesystem", Verdict::Ok, ""};
  if (const std::string refused = why_refused(filesystem); !refused.empty()) {
    return {capability.slug, capability.name, Verdict::Fatal, filesystem + ": " + refused};
  }
  if (filesystem == "fuse") {
    capability.verdict = proven ? Verdict::Warning : Verdict::Fatal;
    capability.detail = proven ? "FUSE: it can do all that is needed, but is slow and as reliable as its program"
                               : "FUSE: it was not shown to be able to hold layers";
  } else if (lies_in_memory(filesystem)) {
    capability.verdict = Verdict::Warning;
    capability.detail = filesystem + ": everything in it is lost when the machine is switched off";
  } else if (filesystem.starts_with("0x")) {
    capability.verdict = Verdict::Warning;
    capability.detail = "not a known one (" + filesystem + "): judged by what it can do";
  }
  return capability;
}

bool all_proven(const std::vector<Capability>& capabilities) {
  return std::all_of(capabilities.begin(), capabilities.end(),
                     [](const Capability& capability) { return capability.verdict == Verdict::Ok; });
}

// The first two of the list come last, because one of them depends on the others.
void finish(TargetProbe& probe) {
  probe.capabilities.insert(probe.capabilities.begin(), options_of(probe.facts));
  const std::vector<Capability> rest(probe.capabilities.begin() + 1, probe.capabilities.end());
  probe.capabilities.insert(probe.capabilities.begin(), kind_of(probe.filesystem, all_proven(rest)));
}

void say_not_tested(TargetProbe& probe, const std::string& why) {
  for (const Experiment& experiment : experiments()) {
    probe.capabilities.push_back({experiment.slug, experiment.name, Verdict::NotTested, why});
  }
  probe.capabilities.push_back(mount_not_tested(why));
}

Result<Dir> fresh_directory(const Dir& parent, std::string_view name) {
  TRY(make_directory(parent, std::string(name), 0700));
  return parent.open_dir(std::string(name));
}

// Each in a directory of its own, so that none stumbles over what another left.
Result<void> run_experiments(const Dir& place, const ProbeOptions& options, TargetProbe& probe) {
  for (const Experiment& experiment : experiments()) {
    ASSIGN_OR_RETURN(const Dir dir, fresh_directory(place, experiment.slug));
    const TrialOutcome outcome = experiment.run(dir);
    Capability& capability =
        probe.capabilities.emplace_back(Capability{experiment.slug, experiment.name, Verdict::Ok, ""});
    if (!outcome.empty()) {
      capability.verdict = experiment.otherwise;
      capability.detail = outcome + "; " + std::string(experiment.consequence);
    }
  }
  if (!options.mount_overlay) {
    probe.capabilities.push_back(mount_not_tested("not asked for"));
    return {};
  }
  ASSIGN_OR_RETURN(const Dir dir, fresh_directory(place, kMountSlug));
  probe.capabilities.push_back(try_mount(dir));
  return {};
}

Result<TargetProbe> begin(const Dir& top) {
  ASSIGN_OR_RETURN(const FilesystemFacts facts, filesystem_facts(top));
  TargetProbe probe;
  probe.facts = facts;
  probe.filesystem = filesystem_name(facts.magic);
  return probe;
}

// Of this run, or of one that was killed.
Result<void> remove_trial(const Dir& own) {
  uint64_t bytes = 0;
  const Result<void> removed = remove_tree(own, kTrial, bytes);
  return removed || removed.error().is_io(ENOENT) ? Result<void>() : removed;
}

// Our directory, where nothing else is in it: a target that is refused is left as it was found.
// Its time too, as far as it can be: a target that is refused was only looked at.
Result<void> remove_own(const Dir& top) {
  ASSIGN_OR_RETURN(const FileStat before, top.stat_self());
  if (const Result<void> removed = remove_object(top, kOwnDirectory); !removed) {
    const Error& error = removed.error();
    return error.is_io(ENOTEMPTY) || error.is_io(EEXIST) ? Result<void>() : removed;
  }
  return set_mtime_of(top, before.mtime);
}

}  // namespace

std::string_view capability_verdict_name(Capability::Verdict verdict) {
  switch (verdict) {
    case Verdict::Ok: return "ok";
    case Verdict::Fatal: return "missing";
    case Verdict::Warning: return "warning";
    case Verdict::NotTested: break;
  }
  return "not-tested";
}

bool TargetProbe::able() const {
  return std::none_of(capabilities.begin(), capabilities.end(),
                      [](const Capability& capability) { return capability.verdict == Verdict::Fatal; });
}

Result<TargetProbe> survey_target(const Root& target) {
  const Result<Dir> top = target.open_dir(RelPath());
  Result<TargetProbe> probe = top ? begin(*top) : top.error();
  if (probe) {
    say_not_tested(*probe, "only trying can tell, and nothing is to be written");
    finish(*probe);
  }
  return probe;
}

// Under the lock, since a trial in somebody's running migration would remove what that has just made.
Result<TargetProbe> probe_target(const Root& target, const ProbeOptions& options) {
  ASSIGN_OR_RETURN(const Dir top, target.open_dir(RelPath()));
  ASSIGN_OR_RETURN(TargetProbe probe, begin(top));
  if (probe.facts.read_only) {
    say_not_tested(probe, "it is mounted read-only");
    finish(probe);
    return probe;
  }
  ASSIGN_OR_RETURN(const RootLock lock, RootLock::take(target));
  TRY(remove_trial(lock.own()));
  const Result<Dir> place = fresh_directory(lock.own(), kTrial);
  const Result<void> run = place ? run_experiments(*place, options, probe) : place.error();
  const Result<void> emptied = remove_trial(lock.own());
  const Result<void> removed = emptied ? remove_own(top) : emptied;
  if (!run || !removed) {
    return run ? removed.error() : run.error();
  }
  finish(probe);
  return probe;
}

}  // namespace dfsck
