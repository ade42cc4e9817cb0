// From LayerEntry to ExpectedEntry.
#include "core/content/expected.h"

#include "core/content/attributes.h"

namespace dfsck {
namespace {

void expect_owner(const TarHeader& header, const LayerInput& input, ExpectedEntry& expected) {
  const std::optional<DiskOwner> owner = owner_on_disk(header, input.owners);
  // An owner without a place in the map is shown as the header has it and marked: no repair writes it.
  expected.uid = owner ? owner->uid : static_cast<uint32_t>(header.uid);
  expected.gid = owner ? owner->gid : static_cast<uint32_t>(header.gid);
  expected.container_uid = static_cast<uint32_t>(header.uid);
  expected.container_gid = static_cast<uint32_t>(header.gid);
  expected.owner_known = owner.has_value();
}

}  // namespace

ExpectedEntry expected_of(const LayerEntry& entry, const LayerInput& input) {
  const TarHeader& header = entry.header;
  ExpectedEntry expected;
  expected.name = entry.name;
  expected.mode = header.file_type() | header.mode;
  expect_owner(header, input, expected);
  expected.mtime = mtime_on_disk(header);
  expected.is_hard_link = header.is_hard_link();
  // A hard link's target is a path in the archive, a symbolic link's is text that must not be touched.
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
  expected.xattrs = xattrs_on_disk(header, input.owners);
  return expected;
}

ExpectedEntry expected_whiteout(const LayerEntry& entry, const LayerInput& input) {
  ExpectedEntry expected;
  expected.name = entry.name;
  expected.mode = S_IFCHR;
  expect_owner(entry.header, input, expected);
  return expected;
}

}  // namespace dfsck
