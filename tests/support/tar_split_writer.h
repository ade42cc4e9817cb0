// Makes tars and what dockerd keeps of them. Written from the formats alone, without the code under test.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dfsck::test {

struct TarMember {
  std::string name;  // directories with their '/'
  char type = '0';
  uint32_t mode = 0644;
  uint32_t uid = 0;
  uint32_t gid = 0;
  int64_t mtime = 1'600'000'000;
  std::string data = {};  // of files
  std::string link = {};
  unsigned major = 0;
  unsigned minor = 0;
  std::map<std::string, std::string> xattrs = {};   // as SCHILY.xattr records
  std::map<std::string, std::string> records = {};  // other PAX records
  bool gnu_long_name = false;                       // name and link as GNU 'L' and 'K' headers
};

struct Tar {
  std::string bytes;      // the whole tar
  std::string tar_split;  // its tar-split, as JSON lines
};

// Writes headers in ustar format, with a PAX header where records or xattrs are given. `tail` follows the two blocks of
// zeros; without `end` there are no such blocks.
enum class TarEnd { Present, Missing };
Tar make_tar(const std::vector<TarMember>& members, const std::string& tail = "", TarEnd end = TarEnd::Present);

// One 512-byte header, with its checksum.
std::string tar_block(const TarMember& member, uint64_t size);
std::string pax_record(const std::string& key, const std::string& value);
// Data behind a special header of this type: header, data, padding.
std::string special_header(char type, const std::string& data);

}  // namespace dfsck::test
