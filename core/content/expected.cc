// From LayerEntry to ExpectedEntry.
#include "core/content/expected.h"

#include "core/content/attributes.h"

namespace dfsck {

ExpectedEntry expected_of(const LayerEntry& entry, const LayerInput& input) {
  const TarHeader& header = entry.header;
  ExpectedEntry expected;
  expected.name = entry.name;
  expected.mode = header.file_type() | header.mode;
  expected.uid = uid_on_disk(header, input);
  expected.gid = gid_on_disk(header, input);
  expected.mtime = mtime_on_disk(header);
  expected.is_hard_link = header.is_hard_link();
  if (header.is_hard_link()) {
    clean_tar_name(header.link_name, expected.link_target);
  } else if (header.type == '2') {
    expected.link_target = header.link_name;
  }
  if (header.file_type() == S_IFREG) {
    expected.size = entry.size;
    expected.crc64 = entry.crc64;
  }
  expected.rdev_major = header.device_major;
  expected.rdev_minor = header.device_minor;
  expected.xattrs = header.xattrs;
  return expected;
}

ExpectedEntry expected_whiteout(const LayerEntry& entry, const LayerInput& input) {
  ExpectedEntry expected;
  expected.name = entry.name;
  expected.mode = S_IFCHR;
  expected.uid = uid_on_disk(entry.header, input);
  expected.gid = gid_on_disk(entry.header, input);
  return expected;
}

}  // namespace dfsck
