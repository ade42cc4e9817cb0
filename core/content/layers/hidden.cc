// Which filesystem hides what, and what follows for verdicts.
#include "core/content/layers/hidden.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "core/base/path_text.h"
#include "core/base/patient_calls.h"
#include "core/content/tree/xattr_names.h"
#include "core/model/records/mount_table.h"

namespace dfsck {
namespace {

constexpr size_t kMountTable = 64U << 20;

// Filesystems that show owners, modes and nodes as they like, or those that the mounting user has.
bool shows_its_own(std::string_view type) {
  constexpr std::array<std::string_view, 11> kTypes{"cifs",  "smb3",   "smbfs",   "ntfs", "ntfs3",  "vfat",
                                                    "exfat", "vboxsf", "hfsplus", "9p",   "fuseblk"};
  return type.starts_with("fuse.") || std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

// Whether the filesystem knows attributes of this kind, whoever asks.
// Nothing has to be there: "no such attribute" is the answer of a filesystem that knows the kind.
bool knows_attribute(const Dir& dir, const char* name) {
  return patient::fgetxattr(dir.fd(), name, nullptr, 0) >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS);
}

std::string option(const std::string& options, std::string_view key) {
  const std::string wanted = "," + std::string(key) + "=";
  const std::string all = "," + options;
  const size_t start = all.find(wanted);
  return start == std::string::npos
             ? ""
             : all.substr(start + wanted.size(), all.find(',', start + wanted.size()) - start - wanted.size());
}

// For the user: what an overlay swallows is still there in its upper or a lower directory, and can be checked from
// there.
std::vector<std::string> real_places(const MountEntry& mount, const std::string& path) {
  if (mount.type != "overlay") {
    return {mount.source};
  }
  const std::string rest = mount.point == "/" ? (path == "/" ? "" : path) : path.substr(mount.point.size());
  std::vector<std::string> places;
  const auto add = [&](const std::string& directories) {
    for (size_t start = 0; start < directories.size();) {
      const size_t end = std::min(directories.find(':', start), directories.size());
      if (end > start) {
        places.push_back(directories.substr(start, end - start) + rest);
      }
      start = end + 1;
    }
  };
  add(option(mount.options, "upperdir"));
  add(option(mount.options, "lowerdir"));
  return places;
}

bool is_node(const Issue& issue) {
  const uint32_t type = issue.expected ? issue.expected->mode & S_IFMT : 0;
  return S_ISCHR(type) || S_ISBLK(type) || S_ISFIFO(type);
}

// Who is not shown attributes "trusted.*", and why.
void note_blindness(const Model& model, HiddenContent& hidden) {
  hidden.in_namespace = has_sys_admin() || model.owners.hides_ids;
  hidden.unprivileged = !hidden.in_namespace;
}

}  // namespace

// Asked of the directory that holds the layers, which may be another filesystem than the root's top.
HiddenContent find_hidden(const Root& root, const Model& model, const std::string& mountinfo) {
  HiddenContent hidden;
  const Result<Dir> dir = model.driver_covered ? root.open_dir(model.overlay.path) : format_error("open", "", "");
  const std::string place = root.path() + "/" + model.overlay.path.bytes();
  const Result<std::string> path = resolved_path(place);
  const std::vector<MountEntry> mounts = parse_mountinfo(mountinfo);
  const MountEntry* mount = path ? mount_holding(mounts, *path) : nullptr;
  if (!dir || mount == nullptr) {
    return hidden;
  }
  const std::string& type = mount->type;
  const bool is_nfs = type.starts_with("nfs");
  // A root that is itself looked at through an overlay mount: its whiteouts and marks are taken for that overlay's own,
  // so they are invisible though they are there.
  hidden.whiteouts = type == "overlay" || shows_its_own(type);
  hidden.marks = type == "overlay" || is_nfs || shows_its_own(type) || !knows_attribute(*dir, "trusted.overlay.opaque");
  hidden.attributes = is_nfs || shows_its_own(type) || !knows_attribute(*dir, "security.capability");
  hidden.owners = is_nfs || shows_its_own(type);
  hidden.nodes = shows_its_own(type);
  if (hidden.any()) {
    hidden.filesystem = type;
    hidden.real_places = real_places(*mount, is_at_or_below(root.path(), mount->point) ? root.path() : *path);
  }
  return hidden;
}

HiddenContent find_hidden(const Root& root, const Model& model) {
  const Result<Root> self = Root::open("/proc/self");
  const Result<std::string> mountinfo = self ? self->read_small("mountinfo", kMountTable) : self.error();
  return mountinfo ? find_hidden(root, model, *mountinfo) : HiddenContent{};
}

// Where the marks are kept in "user.*", all may see them. Of a root without any in sight it is not known what kind they
// are of, except on the host, where the owners of a daemon's own files tell that it runs in a namespace.
bool lacks_sight_of_marks(const Model& model, const std::vector<const LayerVerdict*>& found) {
  const bool namespaced = model.owners.known && model.owners.in_namespace;
  return !sees_trusted_xattrs() && !(namespaced && model.owners.daemon_uid() != 0) &&
         std::none_of(found.begin(), found.end(), [](const auto* verdict) { return verdict->shows_marks; });
}

void add_unseen_marks(const Model& model, const std::vector<const LayerVerdict*>& found, HiddenContent& hidden) {
  const bool namespaced = model.owners.known && model.owners.in_namespace;
  // What makes this process suspicious of its own sight: marks that are asked for and not seen. Where none is asked
  // for, nothing has to be said.
  const IssueKind telling = namespaced ? IssueKind::OpaqueLost : IssueKind::WhiteoutLost;
  const bool missed = std::any_of(found.begin(), found.end(), [&](const LayerVerdict* verdict) {
    return verdict->lacks_sight || std::any_of(verdict->issues.begin(), verdict->issues.end(),
                                               [&](const Issue& issue) { return issue.kind == telling; });
  });
  if (missed && lacks_sight_of_marks(model, found)) {
    hidden.marks = hidden.whiteouts = true;
    note_blindness(model, hidden);
  }
}

void add_unseen_parts(const Model& model, HiddenContent& hidden) {
  hidden.parts = true;
  note_blindness(model, hidden);
}

// A metacopy has the size of the file, but not its bytes; a directory with a redirect lacks what was not written anew.
// No redirect explains what is missing at the top, where there is no directory that could have one.
bool take_back_unseen_parts(LayerVerdict& verdict) {
  std::set<std::string> missing_tops;
  for (const Issue& issue : verdict.issues) {
    if (issue.kind == IssueKind::Missing && issue.path.find('/') == std::string::npos) {
      missing_tops.insert(issue.path);
    }
  }
  const auto may_be_part = [&](const Issue& issue) {
    const size_t slash = issue.path.find('/');
    switch (issue.kind) {
      case IssueKind::ZeroFilled:
      case IssueKind::BytesDiffer: return true;
      case IssueKind::Missing: return slash != std::string::npos && !missing_tops.contains(issue.path.substr(0, slash));
      default: return false;
    }
  };
  // The order of what stays is the order of reports.
  const auto kept = std::stable_partition(verdict.issues.begin(), verdict.issues.end(),
                                          [&](const Issue& issue) { return !may_be_part(issue); });
  const bool any = kept != verdict.issues.end();
  verdict.issues.erase(kept, verdict.issues.end());
  if (any) {
    settle_as_incomplete(verdict);
  }
  return any;
}

// Issue kinds that a filesystem of this kind would show anyway, whatever the tree holds. Sizes and bytes are never
// among them: every filesystem has to give those right.
bool is_hidden(const HiddenContent& hidden, const Issue& issue) {
  switch (issue.kind) {
    case IssueKind::WhiteoutLost: return hidden.whiteouts;
    case IssueKind::OpaqueLost: return hidden.marks;
    case IssueKind::Xattr: return hidden.attributes;
    case IssueKind::OwnerMode: return hidden.owners;
    case IssueKind::DeviceNumber: return hidden.nodes;
    case IssueKind::Missing:
    case IssueKind::WrongType: return hidden.nodes && is_node(issue);
    default: return false;
  }
}

void settle_after_taking_back(LayerVerdict& verdict) {
  const bool is_damaged =
      verdict.issues_dropped > 0 || std::any_of(verdict.issues.begin(), verdict.issues.end(),
                                                [](const Issue& issue) { return issue.kind != IssueKind::TimeDrift; });
  if (!is_damaged && verdict.state == LayerVerdict::State::Damaged) {
    verdict.state = verdict.digest_matches         ? LayerVerdict::State::Verified
                    : verdict.found_digest.empty() ? LayerVerdict::State::HeadersMatch
                                                   : LayerVerdict::State::DigestDiffers;
  }
}

// Over all layers at once: one list that is shifted shows that the daemon's own are, and then one that is not has been
// spoiled; in a root without a single one nothing tells the two apart.
uint64_t take_back_unshifted_acls(const std::vector<LayerVerdict*>& verdicts) {
  const bool some_are_shifted =
      std::any_of(verdicts.begin(), verdicts.end(), [](const auto* verdict) { return verdict->shows_shifted_acls; });
  uint64_t all = 0;
  for (LayerVerdict* verdict : verdicts) {
    const auto is_none = [&](const Issue& issue) { return !some_are_shifted && issue.is_unshifted; };
    if (const size_t taken_back = std::erase_if(verdict->issues, is_none); taken_back > 0) {
      all += taken_back;
      settle_after_taking_back(*verdict);
    }
  }
  return all;
}

void settle_as_incomplete(LayerVerdict& verdict) {
  settle_after_taking_back(verdict);
  if (verdict.state == LayerVerdict::State::DigestDiffers) {
    verdict.state = LayerVerdict::State::HeadersMatch;
  }
}

void take_back_hidden(const HiddenContent& hidden, LayerVerdict& verdict) {
  if (std::erase_if(verdict.issues, [&](const Issue& issue) { return is_hidden(hidden, issue); }) > 0) {
    settle_after_taking_back(verdict);
  }
}

}  // namespace dfsck
