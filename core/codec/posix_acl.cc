// linux/posix_acl_xattr.h: a version, then entries of 8 bytes, all little-endian.
#include "core/codec/posix_acl.h"

#include <algorithm>
#include <iterator>

namespace dfsck {
namespace {

constexpr uint32_t kAclVersion = 2;
constexpr size_t kHead = 4;
constexpr size_t kEntry = 8;

constexpr uint16_t kUserObject = 0x01;
constexpr uint16_t kUser = 0x02;
constexpr uint16_t kGroupObject = 0x04;
constexpr uint16_t kGroup = 0x08;
constexpr uint16_t kOther = 0x20;

uint32_t number(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

void append_number(uint32_t value, size_t size, std::string& bytes) {
  for (size_t i = 0; i < size; ++i) {
    bytes += static_cast<char>(value >> (8 * i));
  }
}

}  // namespace

bool PosixAcl::Entry::is_user() const { return tag == kUser; }
bool PosixAcl::Entry::is_group() const { return tag == kGroup; }

std::vector<PosixAcl::Entry> PosixAcl::named() const {
  std::vector<Entry> found;
  std::copy_if(entries.begin(), entries.end(), std::back_inserter(found),
               [](const Entry& entry) { return entry.is_user() || entry.is_group(); });
  // Compared is what they grant, which does not depend on the order of equals.
  std::sort(found.begin(), found.end());
  return found;
}

// Owner, group and others say the same as the mode. The kernel does not store such a list: it folds it into the mode,
// so a tar that has it and a file that has none are equal.
bool PosixAcl::is_mode_alone() const {
  return std::all_of(entries.begin(), entries.end(), [](const Entry& entry) {
    return entry.tag == kUserObject || entry.tag == kGroupObject || entry.tag == kOther;
  });
}

// A named id in an ACL is an owner like any other: in a remapped root it stands on disk as the host's. An id without a
// place in the map cannot be written at all, and no value is better than a wrong one.
std::optional<PosixAcl> PosixAcl::on_disk(const IdMapping& map) const {
  PosixAcl moved = *this;
  for (Entry& entry : moved.entries) {
    if (!entry.is_user() && !entry.is_group()) {
      continue;
    }
    const std::optional<uint32_t> id = (entry.is_user() ? map.users : map.groups).to_host(entry.id);
    if (!id) {
      return std::nullopt;
    }
    entry.id = *id;
  }
  return moved;
}

std::string PosixAcl::value() const {
  std::string bytes;
  append_number(kAclVersion, kHead, bytes);
  for (const Entry& entry : entries) {
    append_number(entry.tag, sizeof entry.tag, bytes);
    append_number(entry.permissions, sizeof entry.permissions, bytes);
    append_number(entry.id, sizeof entry.id, bytes);
  }
  return bytes;
}

std::optional<PosixAcl> parse_posix_acl(std::string_view value) {
  if (value.size() < kHead || (value.size() - kHead) % kEntry != 0 || number(value.substr(0, kHead)) != kAclVersion) {
    return std::nullopt;
  }
  PosixAcl acl;
  for (size_t at = kHead; at < value.size(); at += kEntry) {
    acl.entries.push_back({static_cast<uint16_t>(number(value.substr(at, 2))),
                           static_cast<uint16_t>(number(value.substr(at + 2, 2))), number(value.substr(at + 4, 4))});
  }
  return acl;
}

bool is_posix_acl(std::string_view name) { return name.starts_with("system.posix_acl_"); }

}  // namespace dfsck
