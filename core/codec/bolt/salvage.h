// What of a damaged bbolt file can be had again, key by key, with where it comes from.
//
// bbolt never overwrites a page in use: what a transaction replaces stays in the file until a later one needs the room.
// So older copies of lost pages are often there; but so are keys that were deleted long ago.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/codec/bolt/bolt.h"
#include "core/codec/bolt/origin.h"
#include "core/codec/bolt/writer.h"

namespace dfsck {

struct SalvagedBucket;

struct SalvagedEntry {
  BoltOrigin origin = BoltOrigin::Tree;
  BoltPageId page = 0;
  std::string value;                       // empty for a bucket
  std::unique_ptr<SalvagedBucket> bucket;  // null for a value; what is in it has origins of its own
};

struct SalvagedBucket {
  uint64_t sequence = 0;
  std::map<std::string, SalvagedEntry, std::less<>> entries;

  const SalvagedEntry* find(std::string_view key) const;
  const SalvagedBucket* bucket(std::string_view key) const;  // null if there is none or it is a value
};

// Where a value belongs that stands in a page to which nothing leads: bucket `bucket` at the top, if `belongs` says so.
struct BoltHome {
  std::string_view bucket;
  bool (*belongs)(std::string_view key, std::string_view value);
};

struct BoltSalvage {
  SalvagedBucket root;
  // Everything is Tree and nothing is missing: the file's own pages that lead nowhere (freelist, a missing tail that
  // nothing uses) are all that is damaged.
  bool whole = false;
};

// Takes the tree of the newest transaction as far as it can be read. Only where keys of it are missing (BoltHole) are
// others taken: first from pages in use, then from the tree of the transaction before, then from all other pages, the
// first and the last only for `home`. Without a valid meta page the tree that find_bolt_root finds stands in, as Older.
// Values at the top, where bbolt has buckets alone, are left out. Equal bytes give an equal result. Thread-safe.
BoltSalvage salvage_bolt(const BoltFile& file, const std::optional<BoltHome>& home);

BoltContent content_of(const SalvagedBucket& bucket);

// A new file with this content that was read again and found to be without fault and equal. Errors as write_bolt, and
// Format should our writer and our reader ever disagree.
Result<std::string> write_checked_bolt(const BoltContent& content);

}  // namespace dfsck
