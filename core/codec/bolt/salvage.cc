// The tree first; then its holes are filled, source by source.
#include "core/codec/bolt/salvage.h"

#include <algorithm>
#include <set>
#include <vector>

#include "core/base/try.h"
#include "core/codec/bolt/check.h"
#include "core/codec/bolt/mend.h"
#include "core/codec/bolt/roots.h"

namespace dfsck {
namespace {

// Searching copies the file and looks at every page. Larger files are read by their tree alone.
constexpr size_t kMostBytesSearched = 64 << 20;  // of files whose pages are searched

using Holes = std::vector<BoltHole>;

bool in_hole(const Holes& holes, std::string_view key) {
  return std::any_of(holes.begin(), holes.end(), [&](const BoltHole& hole) { return hole.contains(key); });
}

bool has_holes(const BoltBucket& bucket) {
  return !bucket.holes.empty() || std::any_of(bucket.entries.begin(), bucket.entries.end(), [](const BoltEntry& entry) {
    return entry.bucket && has_holes(*entry.bucket);
  });
}

// bbolt keeps buckets alone at the top of a file. A value there was a bucket once, whose mark is lost.
void drop_values_at_top(BoltBucket& root) {
  for (size_t i = 0; i < root.entries.size(); ++i) {
    if (!root.entries[i].bucket) {
      const bool last = i + 1 == root.entries.size();
      root.holes.push_back({root.entries[i].key, last ? std::nullopt : std::optional(root.entries[i + 1].key)});
    }
  }
  std::erase_if(root.entries, [](const BoltEntry& entry) { return !entry.bucket; });
}

// The pages that the freelist names; nothing if there is no freelist to be read.
// Nothing is not the same as an empty set: with no list, whether a page is in use cannot be asked at all.
std::optional<std::set<BoltPageId>> free_pages(const BoltFile& file) {
  const BoltMeta& meta = file.metas().meta;
  if (!file.has_meta() || meta.freelist == BoltMeta::kNoFreelist) {
    return std::nullopt;
  }
  const Result<BoltPage> page = BoltPage::parse(file.bytes(), file.layout(), meta.freelist);
  if (!page || page->kind() != BoltPage::Kind::Freelist) {
    return std::nullopt;
  }
  std::set<BoltPageId> free;
  for (uint64_t i = 0; i < page->count(); ++i) {
    free.insert(page->free_id(i));
  }
  return free;
}

// Sources in the order of trust: the newest tree, pages that must be in use though nothing leads to them, the tree of
// the transaction before, all other pages. try_emplace and emplace keep what is there, so an earlier source is never
// overwritten by a later one.
class Salvager {
 public:
  Salvager(const BoltFile& file, const std::optional<BoltHome>& home) : file_(file), home_(home) {}

  BoltSalvage run() {
    if (file_.bytes().size() <= kMostBytesSearched) {
      // Repairing comes before reading, because a repaired page joins the tree at its place and brings its order of
      // keys along; as a loose page it would only be a heap of keys.
      if (FixedPages fixed = fix_bolt_pages(file_); !fixed.pages.empty()) {
        fixed_ = std::move(fixed.pages);
        file_ = *BoltFile::open(std::move(fixed.bytes));
      }
    }
    read_newest();
    BoltSalvage salvage;
    copy_all(newest_.root, salvage.root, origin_);
    // One doubtful page makes the whole doubtful: a key in it may have been changed or deleted since, and neither
    // shows.
    salvage.whole = origin_ == BoltOrigin::Tree && !has_holes(newest_.root) && !uses_doubtful_page();
    if (has_holes(newest_.root) && file_.bytes().size() <= kMostBytesSearched) {
      fill(salvage.root);
    }
    return salvage;
  }

 private:
  void read_newest() {
    if (!file_.has_meta()) {
      origin_ = BoltOrigin::Older;
      const std::optional<FoundRoot> found = find_bolt_root(file_);
      if (!found) {
        newest_.root.holes.push_back({});
        return;
      }
      // From here on the file is read as of that root, so that everything below asks one set of metas.
      file_ = file_.at(found->meta);
    }
    newest_ = file_.load();
    drop_values_at_top(newest_.root);
    free_ = free_pages(file_);
  }

  // A page of the tree that is free may be an old one, to which a damaged pointer leads.
  BoltOrigin origin_at(BoltPageId page, BoltOrigin origin) const {
    if (origin == BoltOrigin::Tree && free_ && free_->contains(page)) {
      return BoltOrigin::Older;
    }
    return origin == BoltOrigin::Tree && fixed_.contains(page) ? BoltOrigin::Fixed : origin;
  }

  bool uses_doubtful_page() const {
    for (BoltPageId id = 2; id < newest_.reached.size(); ++id) {
      if (newest_.reached[static_cast<size_t>(id)] && (fixed_.contains(id) || (free_ && free_->contains(id)))) {
        return true;
      }
    }
    return false;
  }

  SalvagedEntry copied(const BoltEntry& entry, BoltOrigin origin) const {
    SalvagedEntry copy{origin_at(entry.page, origin), entry.page, std::string(entry.value), nullptr};
    if (entry.bucket) {
      copy.bucket = std::make_unique<SalvagedBucket>();
      copy_all(*entry.bucket, *copy.bucket, origin);
    }
    return copy;
  }

  void copy_all(const BoltBucket& from, SalvagedBucket& to, BoltOrigin origin) const {
    to.sequence = from.sequence;
    for (const BoltEntry& entry : from.entries) {
      to.entries.emplace(entry.key, copied(entry, origin));
    }
  }

  void fill(SalvagedBucket& root) {
    sort_pages();
    fill_home(root, in_use_, BoltOrigin::InUse);
    if (file_.metas().other) {
      BoltTree older = file_.at(*file_.metas().other).load();
      drop_values_at_top(older.root);
      fill_from(newest_.root, older.root, root);
    }
    fill_home(root, leftover_, BoltOrigin::Leftover);
  }

  // The same bucket in the newest tree, in an older one, and in what was salvaged so far.
  // Only what falls into a hole is taken. Outside of holes the newest tree is complete: a key that an older tree has
  // and it has not was deleted, and must stay so.
  static void fill_from(const BoltBucket& holed, const BoltBucket& older, SalvagedBucket& salvaged) {
    for (const BoltEntry& entry : older.entries) {
      const auto found = salvaged.entries.find(entry.key);
      if (found == salvaged.entries.end()) {
        if (in_hole(holed.holes, entry.key)) {
          salvaged.entries.emplace(entry.key, Salvager::older_copy(entry));
        }
        continue;
      }
      const BoltBucket* below = holed.bucket(entry.key);
      if (entry.bucket && found->second.bucket && below != nullptr) {
        fill_from(*below, *entry.bucket, *found->second.bucket);
      } else if (entry.bucket && found->second.bucket) {
        fill_from(everything(), *entry.bucket, *found->second.bucket);  // made by fill_home
        // The count that goes with an older tree may be behind what was given out since.
        found->second.bucket->sequence = entry.bucket->sequence;
      }
    }
  }

  static SalvagedEntry older_copy(const BoltEntry& entry) {
    SalvagedEntry copy{BoltOrigin::Older, entry.page, std::string(entry.value), nullptr};
    if (entry.bucket) {
      copy.bucket = std::make_unique<SalvagedBucket>();
      fill_from(everything(), *entry.bucket, *copy.bucket);
      copy.bucket->sequence = entry.bucket->sequence;
    }
    return copy;
  }

  // A bucket of which nothing was read: any key may be missing from it.
  static const BoltBucket& everything() {
    static const BoltBucket bucket = [] {
      BoltBucket all;
      all.holes.push_back({});
      return all;
    }();
    return bucket;
  }

  // Pages that are not part of the newest tree: those that must be in use all the same, and the others.
  void sort_pages() {
    for (const BoltPage& page : file_.readable_pages()) {
      const auto id = static_cast<size_t>(page.id());
      if (page.kind() != BoltPage::Kind::Leaf || (id < newest_.reached.size() && newest_.reached[id])) {
        continue;
      }
      // In use and reached by nothing: its parent was lost, or it was leaked. The first is why it is worth more than an
      // older tree; that it cannot be told from the second is why it ranks below the newest one.
      const bool in_use = origin_ == BoltOrigin::Tree && free_ && !free_->contains(page.id()) &&
                          page.id() < file_.metas().meta.high_water;
      (in_use ? in_use_ : leftover_).push_back(page);
    }
  }

  // A loose page does not say which bucket it belongs to. `home` names the one bucket whose values can be recognised by
  // themselves; for other buckets loose pages are of no use and are left alone.
  void fill_home(SalvagedBucket& root, const std::vector<BoltPage>& pages, BoltOrigin origin) {
    if (!home_) {
      return;
    }
    const BoltBucket* holed = newest_.root.bucket(home_->bucket);
    if (holed == nullptr && in_hole(newest_.root.holes, home_->bucket)) {
      holed = &everything();
    }
    if (holed == nullptr || holed->holes.empty()) {
      return;
    }
    // By rising page id and the first wins: neither is a sign of age, but equal files give equal results.
    for (const BoltPage& page : pages) {
      take_values(page, page.id(), *holed, root, origin);
    }
  }

  void take_values(const BoltPage& page, BoltPageId id, const BoltBucket& holed, SalvagedBucket& root,
                   BoltOrigin origin) {
    for (uint64_t i = 0; i < page.count(); ++i) {
      const BoltLeafElement element = page.leaf(i);
      if (element.is_bucket) {
        take_inline(element, id, holed, root, origin);
      } else if (in_hole(holed.holes, element.key) && home_->belongs(element.key, element.value)) {
        SalvagedEntry& home = root.entries[std::string(home_->bucket)];
        if (!home.bucket) {
          home = {origin, id, "", std::make_unique<SalvagedBucket>()};
        }
        home.bucket->entries.try_emplace(std::string(element.key),
                                         SalvagedEntry{origin, id, std::string(element.value), nullptr});
      }
    }
  }

  // A small bucket has no page of its own: it lies inside of its parent's.
  void take_inline(const BoltLeafElement& element, BoltPageId id, const BoltBucket& holed, SalvagedBucket& root,
                   BoltOrigin origin) {
    if (element.key != home_->bucket || element.value.size() <= BoltPage::kBucketSize ||
        bolt_integer<uint64_t>(element.value, 0, file_.layout().order) != 0) {
      return;
    }
    const Result<BoltPage> inner =
        BoltPage::parse_inline(element.value.substr(BoltPage::kBucketSize), file_.layout().order, id);
    for (uint64_t i = 0; inner && i < inner->count(); ++i) {
      if (inner->leaf(i).is_bucket) {
        return;  // bbolt never puts a bucket there; without this, one could lie in itself
      }
    }
    if (inner) {
      take_values(*inner, id, holed, root, origin);
    }
  }

  BoltFile file_;
  std::optional<BoltHome> home_;
  std::set<BoltPageId> fixed_;
  std::optional<std::set<BoltPageId>> free_;
  BoltTree newest_;
  BoltOrigin origin_ = BoltOrigin::Tree;
  std::vector<BoltPage> in_use_;
  std::vector<BoltPage> leftover_;
};

}  // namespace

std::string_view bolt_origin_text(BoltOrigin origin) {
  switch (origin) {
    case BoltOrigin::Tree: return "current";
    case BoltOrigin::Fixed: return "from a page with a damaged header";
    case BoltOrigin::InUse: return "from a page in use that nothing leads to";
    case BoltOrigin::Older: return "as of an earlier write";
    case BoltOrigin::Leftover: return "from an old copy of unknown age";
  }
  return "unknown";
}

const SalvagedEntry* SalvagedBucket::find(std::string_view key) const {
  const auto entry = entries.find(key);
  return entry != entries.end() ? &entry->second : nullptr;
}

const SalvagedBucket* SalvagedBucket::bucket(std::string_view key) const {
  const SalvagedEntry* entry = find(key);
  return entry != nullptr ? entry->bucket.get() : nullptr;
}

BoltSalvage salvage_bolt(const BoltFile& file, const std::optional<BoltHome>& home) {
  return Salvager(file, home).run();
}

BoltContent content_of(const SalvagedBucket& bucket) {
  BoltContent content;
  content.sequence = bucket.sequence;
  for (const auto& [key, entry] : bucket.entries) {
    if (entry.bucket) {
      content.buckets[key] = content_of(*entry.bucket);
    } else {
      content.values[key] = entry.value;
    }
  }
  return content;
}

// Our writer is held against our reader before a byte of it goes to disk: a database that does not read back would turn
// a damaged file into a lost one.
Result<std::string> write_checked_bolt(const BoltContent& content) {
  ASSIGN_OR_RETURN(std::string bytes, write_bolt(content));
  ASSIGN_OR_RETURN(const BoltFile file, BoltFile::open(bytes));
  if (!check_bolt(file).empty() || content_of(salvage_bolt(file, std::nullopt).root) != content) {
    return format_error("write database", "", "what was written does not read as it should");
  }
  return bytes;
}

}  // namespace dfsck
