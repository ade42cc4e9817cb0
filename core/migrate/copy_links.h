// Which files with several names have been copied already, and where to: so that their other names become links.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace dfsck {

// Of all units of a migration. Forgets a file once all its names were seen. Thread-safe.
class LinkTable {
 public:
  struct Key {
    uint64_t device = 0;
    uint64_t inode = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };

  // Announces that one more name of the file was met. Nothing: it is the first one, and the caller has to make the file
  // and then to call publish or abandon. Else the path of the name that was made. Waits while another thread is
  // making it; that thread waits for nobody.
  std::optional<std::string> claim(Key key, uint64_t links);
  // The file exists in the target under this path; what it holds may still have to be written.
  void publish(Key key, const std::string& path);
  // It could not be made: the next name is the first one.
  void abandon(Key key);

  // A name that an earlier run made and that stays.
  void adopt(Key key, uint64_t links, const std::string& path, uint64_t target_inode);
  // When files of an interrupted run are kept: whether this inode of the target may stand for the file `key`. False
  // where it stands for another one, from which it has to be told apart.
  bool take_inode(uint64_t target_inode, Key key);

 private:
  struct Hash {
    size_t operator()(const Key& key) const { return (key.inode * 0x9e3779b97f4a7c15) ^ key.device; }
  };
  struct Entry {
    std::string path;   // empty while it is being made
    uint64_t left = 0;  // names not seen yet
  };

  std::mutex mutex_;
  std::condition_variable published_;
  std::unordered_map<Key, Entry, Hash> files_;
  std::unordered_map<uint64_t, Key> inodes_;  // of the target
};

}  // namespace dfsck
