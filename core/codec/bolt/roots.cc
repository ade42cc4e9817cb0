// Tries every page that could be the root. bbolt leaves older roots behind, so there usually are several.
#include "core/codec/bolt/roots.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace dfsck {
namespace {

// Each candidate costs a walk through its whole tree, and every branch or leaf page may be one: this grows with the
// square of the size. dockerd's own files are far smaller; a large one is left to its other copies.
constexpr size_t kMostBytesTried = 16 << 20;
constexpr size_t kMostEntries = 2'000'000;  // looked at for all candidates together
constexpr size_t kMostFreelists = 64;

// The top of a file holds buckets alone.
// A branch page passes unseen; what is below it shows when it is walked (holds_values_at_top).
bool could_be_root(const BoltPage& page) {
  bool buckets = page.count() > 0;
  for (uint64_t i = 0; buckets && page.kind() == BoltPage::Kind::Leaf && i < page.count(); ++i) {
    buckets = page.leaf(i).is_bucket;
  }
  return buckets;
}

// How much of a tree can be had, and whether it can be trusted to be one tree: where keys are out of order, pages of
// different age have been mixed.
struct Walked {
  size_t entries = 0;
  bool in_order = true;
};

void walk(const BoltBucket& bucket, Walked& walked) {
  walked.entries += bucket.entries.size();
  walked.in_order = walked.in_order && bucket.holes.empty();
  for (const BoltEntry& entry : bucket.entries) {
    if (entry.bucket) {
      walk(*entry.bucket, walked);
    }
  }
}

bool holds_values_at_top(const BoltBucket& root) {
  return std::any_of(root.entries.begin(), root.entries.end(), [](const BoltEntry& entry) { return !entry.bucket; });
}

// The high-water mark, if the tree, the freelist page and its free pages are all pages of the file up to it, each once.
// A commit leaves exactly this: each page up to the mark belongs to the tree or is the freelist, or is named in it.
// What a transaction frees is used again by those after the next, so a pair that still fits cannot be much older than
// the file.
std::optional<uint64_t> shared_out(const BoltTree& tree, const BoltPage& freelist) {
  std::vector<bool> taken = tree.reached;
  bool fits = true;
  const auto take = [&](uint64_t id) {
    fits = fits && id >= 2 && id < taken.size() && !taken[static_cast<size_t>(id)];
    if (fits) {
      taken[static_cast<size_t>(id)] = true;
    }
  };
  for (uint64_t i = 0; fits && i < freelist.span(); ++i) {
    take(freelist.id() + i);
  }
  for (uint64_t i = 0; fits && i < freelist.count(); ++i) {
    take(freelist.free_id(i));
  }
  // All that is taken must lie in one run from the beginning: the first page that is not taken is the mark, and nothing
  // behind it may be.
  const auto end = std::find(taken.begin(), taken.end(), false);
  const bool all = fits && std::find(end, taken.end(), true) == taken.end();
  return all ? std::optional(static_cast<uint64_t>(end - taken.begin())) : std::nullopt;
}

std::vector<BoltPage> freelists(const BoltFile& file) {
  std::vector<BoltPage> pages;
  for (BoltPageId id = 2; id < file.bytes().size() / file.layout().page_size && pages.size() < kMostFreelists; ++id) {
    const Result<BoltPage> page = BoltPage::parse(file.bytes(), file.layout(), id);
    if (page && page->kind() == BoltPage::Kind::Freelist) {
      pages.push_back(*page);
    }
  }
  return pages;
}

}  // namespace

std::optional<FoundRoot> find_bolt_root(const BoltFile& file) {
  std::optional<FoundRoot> best;
  if (file.bytes().size() > kMostBytesTried) {
    return best;
  }
  std::tuple<bool, bool, size_t> best_rank;
  size_t seen = 0;
  const std::vector<BoltPage> lists = freelists(file);
  for (const BoltPage& page : file.readable_pages()) {
    if (!could_be_root(page) || seen > kMostEntries) {
      continue;
    }
    // The sequence of the root bucket stood in the meta page alone and is lost with it; bbolt's users count in buckets
    // below.
    FoundRoot found;
    found.meta.page_size = file.layout().page_size;
    found.meta.root = page.id();
    // Without a mark, every page of the file may belong to it.
    found.meta.high_water = file.bytes().size() / file.layout().page_size;
    const BoltTree tree = file.at(found.meta).load();
    Walked walked;
    walk(tree.root, walked);
    seen += walked.entries + 1;
    if (tree.root.entries.empty() || holds_values_at_top(tree.root)) {
      continue;
    }
    const bool whole = tree.root.complete && walked.in_order;
    for (const BoltPage& list : lists) {
      if (const auto high_water = whole && !found.recent ? shared_out(tree, list) : std::nullopt; high_water) {
        found.recent = true;
        found.meta.freelist = list.id();
        found.meta.high_water = *high_water;
      }
    }
    if (const std::tuple rank(found.recent, whole, walked.entries); !best || rank > best_rank) {
      best = found;
      best_rank = rank;
    }
  }
  return best;
}

}  // namespace dfsck
