// Tar headers as Go's archive/tar writes them: what dockerd packs layers with (since Go 1.10).
//
// Go takes ustar wherever ustar can say everything, also where it is asked for PAX, and PAX elsewhere
// (archive/tar/common.go:allowedFormats, writer.go). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace dfsck {

struct NewTarHeader {
  std::string name;       // directories end in '/'
  std::string link_name;  // of hard and symbolic links; written for other types too, if there is one
  std::string user_name;
  std::string group_name;
  char type = '0';
  uint32_t mode = 0;  // as it shall stand there: some daemons add the bits of the file type
  uint64_t uid = 0;
  uint64_t gid = 0;
  uint64_t size = 0;
  int64_t mtime_seconds = 0;
  int64_t mtime_nanoseconds = 0;  // 0..999999999
  uint32_t device_major = 0;
  uint32_t device_minor = 0;
  std::vector<std::pair<std::string, std::string>> xattrs;  // become SCHILY.xattr records; any order
};

// Appends the header, with a PAX header in front where one is needed. False, with `out` as it was, where Go refuses: a
// NUL in a string, an entry that is no directory with a name that ends in '/', PAX records of more than 1 MiB together.
bool append_tar_header(const NewTarHeader& header, std::string& out);

}  // namespace dfsck
