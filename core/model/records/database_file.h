// Reading one bbolt database of a root: its state for the model, and whatever of its tree can be read.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/codec/bolt/bolt.h"
#include "core/codec/bolt/salvage.h"
#include "core/model/databases.h"
#include "core/model/file_state.h"

namespace dfsck {

struct DatabaseFile {
  Database facts;
  std::optional<BoltFile> file;        // where there are bytes at all; `tree` points into it
  BoltTree tree;                       // all of it if facts.state is Good
  std::optional<BoltSalvage> salvage;  // if facts.state is Bad and there are bytes

  // The bucket of that name at the top of the file, as far as it could be read; null if there is none.
  const BoltBucket* bucket(std::string_view name) const { return tree.root.bucket(name); }
};

// Hands over every record of that bucket at the top of the file, with where it was found: of a damaged database, what
// could be salvaged.
using TakeRecordAt = std::function<void(std::string_view key, std::string_view value, BoltOrigin origin)>;
void for_each_record(const DatabaseFile& database, std::string_view bucket, const TakeRecordAt& take);

// Checks every page. A file that a daemon holds locked may change under our eyes: it is read again a few times before
// it is called bad. One torn meta page is what a crash leaves, and is Good; leaked pages are counted, and are Good too.
// What is Bad is salvaged, with lost pages of `home` where it is given.
DatabaseFile read_database(StateReader& reader, const RelPath& path,
                           const std::optional<BoltHome>& home = std::nullopt);

}  // namespace dfsck
