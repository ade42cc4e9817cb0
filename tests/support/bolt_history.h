// A bbolt file with a past, for tests: every commit writes new pages and leaves the old ones in the file until a later
// commit takes the room, as bbolt does.
//
// One bucket of short values, on leaf pages below one branch page; a page of 1024 bytes.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace dfsck::test {

class BoltHistory {
 public:
  static constexpr size_t kPageSize = 1024;

  explicit BoltHistory(std::string bucket) : bucket_(std::move(bucket)) {}

  void put(const std::string& key, const std::string& value);
  void erase(const std::string& key);
  void commit();

  const std::string& file() const { return file_; }
  uint64_t pages() const { return file_.size() / kPageSize; }
  std::map<std::string, std::string> content() const;
  // The leaf page where a key that is there now stands.
  uint64_t page_of(const std::string& key) const;
  uint64_t branch() const { return branch_; }  // 0 if there is a single leaf page
  uint64_t root() const { return root_; }
  uint64_t freelist() const { return freelist_; }

 private:
  struct Leaf {
    std::map<std::string, std::string> values;
    uint64_t page = 0;  // 0: changed since the last commit
  };

  Leaf& leaf_for(const std::string& key);
  void touch(Leaf& leaf);
  void split_and_drop();
  uint64_t take_page();
  void give_back(uint64_t& page);
  void write_page(uint64_t page, const std::string& image);
  void write_meta();

  std::string bucket_;
  std::vector<Leaf> leaves_{1};
  uint64_t branch_ = 0, root_ = 0, freelist_ = 0;
  uint64_t high_water_ = 2;
  uint64_t txid_ = 1;
  std::set<uint64_t> free_;     // may be taken
  std::set<uint64_t> pending_;  // of the transaction that is being made: the one before still shows them
  std::string file_ = std::string(2 * kPageSize, '\0');
};

}  // namespace dfsck::test
