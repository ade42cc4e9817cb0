// The last entry of a name counts, as it does when a tar is unpacked.
#include "core/content/layers/lost_tree.h"

#include <map>

#include "core/base/escape.h"
#include "core/codec/tar/layer_stream.h"
#include "core/content/expected.h"
#include "core/content/tree/whiteout_names.h"

namespace dfsck {
namespace {

using State = LayerVerdict::State;

// createImpliedDirectories in current versions; the naive path of old daemons had 0600.
constexpr uint32_t kImpliedMode = S_IFDIR | 0755;

// What the tree should hold, by path: entries replace one another in the order of the tar, so that what is left is what
// unpacking would have left. Sorted, because a directory has to be made before what is in it.
class TreeList {
 public:
  explicit TreeList(const LayerInput& input) : input_(input) {}

  // False where the entry cannot be made again; `why` says why not.
  bool add(const LayerEntry& entry) {
    // The tree's own directory has attributes of its own, which no header sets (native extraction passes it over).
    if (entry.path.empty()) {
      return true;
    }
    const std::string_view base = entry.base();
    if (base == kOpaqueName) {
      opaque_[std::string(entry.parent())] = entry.name;
      return true;
    }
    if (base.starts_with(kWhiteoutPrefix)) {
      const std::string parent(entry.parent());
      const std::string hidden(base.substr(kWhiteoutPrefix.size()));
      // A whiteout stands under the name that it hides, so that it replaces an earlier entry of that name, and the
      // other way round.
      return put(parent.empty() ? hidden : parent + "/" + hidden, expected_whiteout(entry, input_));
    }
    if (entry.header.is_device() && input_.owners.in_namespace) {
      return true;  // the daemon goes on without
    }
    if (!entry.header.is_hard_link() && entry.header.file_type() == 0) {
      why = escaped(entry.path) + " is of a type that the daemon does not unpack";
      return false;
    }
    return put(entry.path, expected_of(entry, input_));
  }

  // Adds the implied directories. False where a name leads through something that is no directory.
  // A name that leads through a symbolic link of the same layer is given up: it would have to be made somewhere else
  // than its path says.
  bool complete() {
    std::vector<std::string> implied;
    for (const auto& [path, expected] : entries_) {
      for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        const std::string above = path.substr(0, slash);
        const auto found = entries_.find(above);
        if (found == entries_.end()) {
          implied.push_back(above);
        } else if (!S_ISDIR(found->second.mode)) {
          why = escaped(path) + " lies behind " + escaped(above) + ", which is no directory";
          return false;
        }
      }
    }
    for (const std::string& path : implied) {
      ExpectedEntry directory;
      directory.name = path;
      directory.mode = kImpliedMode;
      directory.uid = input_.owners.layer_uid();
      directory.gid = input_.owners.layer_gid();
      directory.owner_known = input_.owners.known;
      if (!put(path, directory)) {
        return false;
      }
    }
    return true;
  }

  std::vector<Issue> take() {
    std::vector<Issue> issues;
    issues.reserve(entries_.size() + opaque_.size());
    for (auto& [path, expected] : entries_) {
      issues.push_back(issue(IssueKind::Missing, path, std::move(expected)));
      if (const auto mark = opaque_.find(path); mark != opaque_.end()) {
        ExpectedEntry directory;
        directory.name = mark->second;
        directory.mode = S_IFDIR;
        directory.xattrs = {{input_.owners.opaque_xattr(), "y"}};
        issues.push_back(issue(IssueKind::OpaqueLost, path, std::move(directory)));
      }
    }
    return issues;
  }

  std::string why;

 private:
  static Issue issue(IssueKind kind, const std::string& path, ExpectedEntry expected) {
    Issue issue;
    issue.kind = kind;
    issue.path = path;
    issue.detail = "is missing";
    issue.expected = std::move(expected);
    return issue;
  }

  bool put(const std::string& path, ExpectedEntry expected) {
    if (entries_.size() >= kMaxIssues) {
      why = "it has more than " + std::to_string(kMaxIssues) + " entries";
      return false;
    }
    entries_[path] = std::move(expected);
    return true;
  }

  const LayerInput& input_;
  std::map<std::string, ExpectedEntry> entries_;
  std::map<std::string, std::string> opaque_;  // directory -> the entry that marks it
};

LayerVerdict gave_up(State state, std::string reason) {
  LayerVerdict verdict;
  verdict.tree_lost = true;
  verdict.state = state;
  verdict.reason = std::move(reason);
  return verdict;
}

LayerVerdict gave_up(const Error& error) {
  const bool unreadable = error.kind == Error::Kind::Io && !says_absent(error.code);
  LayerVerdict verdict = gave_up(unreadable ? State::Unreadable : State::NoReference, error.message());
  verdict.code = error.code;
  return verdict;
}

}  // namespace

LayerVerdict verify_lost_tree(const Root& root, const LayerInput& input) {
  const Result<Fd> tar_split = root.open_file(input.tar_split);
  if (!tar_split) {
    return gave_up(tar_split.error());
  }
  LayerVerdict verdict;
  verdict.tree_lost = true;
  TreeList tree(input);
  LayerStream stream(tar_split->get(), input.tar_split.text());
  LayerEntry entry;
  while (true) {
    const Result<LayerStream::Kind> kind = stream.next(entry);
    if (!kind) {
      return gave_up(kind.error());
    }
    if (*kind == LayerStream::Kind::End) {
      break;
    }
    if (*kind != LayerStream::Kind::Entry || entry.header.is_global()) {
      continue;
    }
    verdict.header_bytes += entry.size;
    if (!tree.add(entry)) {
      return gave_up(State::Unverifiable, tree.why);
    }
  }
  if (!tree.complete()) {
    return gave_up(State::Unverifiable, tree.why);
  }
  verdict.state = State::Damaged;
  verdict.issues = tree.take();
  return verdict;
}

}  // namespace dfsck
