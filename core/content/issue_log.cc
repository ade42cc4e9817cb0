// IssueLog, and the words for kinds of issues.
#include "core/content/issue_log.h"

#include <algorithm>
#include <tuple>

namespace dfsck {

// Only these send the search for lost bytes out; all else about a file is made again from its header.
bool lacks_bytes(const Issue& issue) {
  if (!issue.expected || issue.expected->is_hard_link || !S_ISREG(issue.expected->mode) || issue.expected->size == 0) {
    return false;
  }
  switch (issue.kind) {
    case IssueKind::Emptied:
    case IssueKind::Short:
    case IssueKind::Long:
    case IssueKind::ZeroFilled:
    case IssueKind::BytesDiffer:
    case IssueKind::Missing:
    case IssueKind::WrongType:
    case IssueKind::Unreadable: return true;
    default: return false;
  }
}

bool describes_another_tree(const LayerVerdict& verdict) {
  const auto count = [&](IssueKind kind) {
    return static_cast<uint64_t>(std::count_if(verdict.issues.begin(), verdict.issues.end(),
                                               [&](const Issue& issue) { return issue.kind == kind; }));
  };
  // More than half is missing and there are things instead of it. A tree that merely lost half of itself has none.
  return count(IssueKind::Extra) > 0 && count(IssueKind::Missing) * 2 > verdict.entries;
}

std::string_view issue_kind_name(IssueKind kind) {
  switch (kind) {
    case IssueKind::Emptied: return "emptied";
    case IssueKind::Short: return "short";
    case IssueKind::Long: return "long";
    case IssueKind::ZeroFilled: return "zero-filled";
    case IssueKind::BytesDiffer: return "bytes-differ";
    case IssueKind::Missing: return "missing";
    case IssueKind::Extra: return "extra";
    case IssueKind::WrongType: return "wrong-type";
    case IssueKind::OwnerMode: return "owner-mode";
    case IssueKind::OwnerHidden: return "owner-hidden";
    case IssueKind::Xattr: return "xattr";
    case IssueKind::LinkTarget: return "link-target";
    case IssueKind::HardLinkSplit: return "hard-link-split";
    case IssueKind::WhiteoutLost: return "whiteout-lost";
    case IssueKind::OpaqueLost: return "opaque-lost";
    case IssueKind::DeviceNumber: return "device-number";
    case IssueKind::TimeDrift: return "time-drift";
    case IssueKind::Unreadable: return "unreadable";
  }
  return "unknown";
}

// A collision lets one fault go unseen, at worst: 64 bits make that unlikely even for millions of names.
uint64_t name_hash(uint64_t directory_inode, std::string_view name) {
  // An odd constant spreads the small inode numbers over all bits before they meet the name's hash.
  const uint64_t spread = directory_inode * 0x9e3779b97f4a7c15;
  const uint64_t mixed = (spread ^ (spread >> 32)) + std::hash<std::string_view>{}(name);
  return mixed * 0xd6e8feb86659fd93;
}

void IssueLog::add(Issue issue, Anchor anchor) {
  // Counted on, so that a layer with more damage than is listed is not taken for one that is repaired when the list is.
  if (entries_.size() == kMaxIssues) {
    ++dropped_;
    return;
  }
  const size_t index = entries_.size();
  entries_.push_back({std::move(issue), std::move(anchor.attribute)});
  ++live_;
  if (anchor.place != 0) {
    by_place_.emplace(anchor.place, index);
  }
  if (anchor.inode != 0) {
    by_inode_.emplace(anchor.inode, index);
  }
}

void IssueLog::withdraw(size_t index) {
  live_ -= entries_[index].stands ? 1 : 0;
  entries_[index].stands = false;
}

void IssueLog::overrule_place(uint64_t place) {
  const auto [first, last] = by_place_.equal_range(place);
  for (auto at = first; at != last; ++at) {
    withdraw(at->second);
  }
}

void IssueLog::overrule_inode(uint64_t inode, const std::function<bool(const std::string& attribute)>& covers) {
  const auto [first, last] = by_inode_.equal_range(inode);
  for (auto at = first; at != last; ++at) {
    const Entry& entry = entries_[at->second];
    const IssueKind kind = entry.issue.kind;
    // Bytes, type and target are not the header's to overrule: a hard link says nothing of them.
    if (kind == IssueKind::OwnerMode || kind == IssueKind::OwnerHidden || kind == IssueKind::TimeDrift ||
        (kind == IssueKind::Xattr && covers(entry.attribute))) {
      withdraw(at->second);
    }
  }
}

void IssueLog::overrule_below(std::string_view directory) {
  for (size_t i = 0; i < entries_.size(); ++i) {
    const std::string_view path = entries_[i].issue.path;
    if (path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/') {
      withdraw(i);
    }
  }
}

std::vector<Issue> IssueLog::take() {
  std::vector<Issue> issues;
  issues.reserve(live_);
  for (Entry& entry : entries_) {
    if (entry.stands) {
      issues.push_back(std::move(entry.issue));
    }
  }
  const auto key = [](const Issue& issue) { return std::tie(issue.path, issue.kind, issue.detail); };
  std::sort(issues.begin(), issues.end(), [&](const Issue& a, const Issue& b) { return key(a) < key(b); });
  return issues;
}

}  // namespace dfsck
