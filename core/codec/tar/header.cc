// Parsing of tar headers. What is odd here is odd in the same way in Go's archive/tar/reader.go.
#include "core/codec/tar/header.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "core/base/text.h"
#include "core/base/try.h"

namespace dfsck {
namespace {

// Above archive/tar/common.go:maxSpecialFileSize (1 MiB, which only newer daemons enforce), so that what an older
// daemon took is read.
constexpr uint64_t kMaxSpecial = 2U << 20;
constexpr std::string_view kXattrPrefix = "SCHILY.xattr.";

Error malformed(std::string_view detail) { return format_error("parse tar header", "", detail); }

// The 512 bytes of one header, field by field.
class HeaderFields {
 public:
  explicit HeaderFields(std::string_view bytes) : bytes_(bytes) {}

  char type() const { return bytes_[156]; }
  std::string_view text(size_t at, size_t size) const {
    const std::string_view field = bytes_.substr(at, size);
    return field.substr(0, std::min(field.find('\0'), field.size()));
  }
  std::string_view magic() const { return bytes_.substr(257, 8); }
  bool is_ustar() const { return magic().starts_with(std::string_view("ustar\0", 6)); }
  bool has_devices() const { return is_ustar() || magic() == std::string_view("ustar  \0", 8); }
  // Of ustar; the star format has a shorter one. GNU tar keeps other things there.
  std::string_view prefix() const {
    return !is_ustar() ? std::string_view() : text(345, bytes_.substr(508) == std::string_view("tar\0", 4) ? 131 : 155);
  }

  // A number in octal with blanks or NULs around it, or in base 256 if the first bit is set. Nothing if it is neither.
  std::optional<int64_t> number(size_t at, size_t size) const;

  bool has_right_checksum() const {
    const std::optional<int64_t> stated = number(148, 8);
    int64_t sum = 0;
    // Some old tars summed signed characters; Go takes either sum.
    int64_t signed_sum = 0;
    for (size_t i = 0; i < kTarBlock; ++i) {
      const char byte = i >= 148 && i < 156 ? ' ' : bytes_[i];
      sum += static_cast<unsigned char>(byte);
      signed_sum += static_cast<signed char>(byte);
    }
    return stated && (*stated == sum || *stated == signed_sum);
  }

 private:
  std::string_view bytes_;
};

// GNU's form for what octal has no room for. The second highest bit is the sign; a negative number is inverted while it
// is read and inverted back at the end, so that both go through one loop of unsigned bytes.
std::optional<int64_t> base_256(std::string_view field) {
  const auto first = static_cast<unsigned char>(field[0]);
  const bool negative = (first & 0x40) != 0;
  const unsigned char flip = negative ? 0xff : 0;
  uint64_t value = 0;
  for (size_t i = 0; i < field.size(); ++i) {
    auto byte = static_cast<unsigned char>(static_cast<unsigned char>(field[i]) ^ flip);
    if (i == 0) {
      byte &= 0x7f;
    }
    if ((value >> 56) != 0) {
      return std::nullopt;
    }
    value = value << 8 | byte;
  }
  if ((value >> 63) != 0) {
    return std::nullopt;
  }
  const auto magnitude = static_cast<int64_t>(value);
  return negative ? ~magnitude : magnitude;
}

std::optional<int64_t> HeaderFields::number(size_t at, size_t size) const {
  std::string_view field = bytes_.substr(at, size);
  if ((static_cast<unsigned char>(field[0]) & 0x80) != 0) {
    return base_256(field);
  }
  const auto is_blank = [](char c) { return c == ' ' || c == '\0'; };
  while (!field.empty() && is_blank(field.front())) {
    field.remove_prefix(1);
  }
  int64_t value = 0;
  for (const char c : field) {
    if (is_blank(c)) {
      break;
    }
    if (c < '0' || c > '7') {
      return std::nullopt;
    }
    value = value << 3 | (c - '0');
  }
  return value;
}

// "seconds[.fraction]", possibly negative (archive/tar/strconv.go:parsePAXTime).
bool parse_pax_time(std::string_view text, TarHeader& header) {
  const size_t point = text.find('.');
  const std::optional<int64_t> seconds = parse_int64(text.substr(0, point));
  if (!seconds) {
    return false;
  }
  int64_t nanoseconds = 0;
  if (point != std::string_view::npos) {
    const std::string_view fraction = text.substr(point + 1);
    // Digits behind the ninth are cut off, not rounded, and must be digits all the same.
    for (size_t i = 0; i < 9; ++i) {
      nanoseconds = nanoseconds * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
    }
    if (!std::all_of(fraction.begin(), fraction.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return false;
    }
  }
  // -1.25 is two seconds before the epoch and 0.75 after that: nanoseconds never are negative in a timespec.
  const bool borrow = text.starts_with('-') && nanoseconds > 0;
  header.mtime_seconds = borrow ? *seconds - 1 : *seconds;
  header.mtime_nanoseconds = borrow ? 1'000'000'000 - nanoseconds : nanoseconds;
  return true;
}

// What PAX records and GNU long names say, which wins over the fields of the header that they precede.
struct Overrides {
  std::optional<std::string_view> path, link_path, size, uid, gid, mtime, long_name, long_link;
  std::vector<std::pair<std::string_view, std::string_view>> xattrs;
  bool is_sparse = false;
  std::string_view sparse_name;

  void set(std::string_view key, std::string_view value);
};

void Overrides::set(std::string_view key, std::string_view value) {
  if (key.starts_with(kXattrPrefix)) {
    // An attribute may well be empty; for the keys below an empty value means the header's.
    xattrs.emplace_back(key.substr(kXattrPrefix.size()), value);
  } else if (key.starts_with("GNU.sparse.")) {
    // dockerd writes the expanded bytes of such files to disk, while the archive held a map and pieces: what the tar
    // was is not in tar-split, so that nothing about the payload can be proven from it.
    is_sparse = true;
    if (key == "GNU.sparse.name") {
      sparse_name = value;
    }
  } else if (value.empty()) {
    return;  // "use what the header says"
  } else if (key == "path") {
    path = value;
  } else if (key == "linkpath") {
    link_path = value;
  } else if (key == "size") {
    size = value;
  } else if (key == "uid") {
    uid = value;
  } else if (key == "gid") {
    gid = value;
  } else if (key == "mtime") {
    mtime = value;
  }
}

// Records of the form "<length> <key>=<value>\n", where the length counts the whole record.
bool parse_pax_records(std::string_view data, Overrides& overrides) {
  while (!data.empty()) {
    const size_t blank = data.find(' ');
    const std::optional<uint64_t> length =
        blank == std::string_view::npos ? std::nullopt : parse_uint64(data.substr(0, blank));
    // Length, blank, one byte of key, "=" and the line end are the least that a record has.
    if (!length || *length > data.size() || *length < blank + 3 || data[*length - 1] != '\n') {
      return false;
    }
    const std::string_view record = data.substr(blank + 1, *length - blank - 2);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return false;
    }
    overrides.set(record.substr(0, equals), record.substr(equals + 1));
    data.remove_prefix(*length);
  }
  return true;
}

bool read_numbers(const HeaderFields& block, TarHeader& header) {
  const auto mode = block.number(100, 8);
  const auto uid = block.number(108, 8);
  const auto gid = block.number(116, 8);
  const auto size = block.number(124, 12);
  const auto mtime = block.number(136, 12);
  if (!mode || !uid || !gid || !size || !mtime || *size < 0) {
    return false;
  }
  // Bits of the file type are ignored: Docker's own tars may have them (0040755 in those of 20.10), and the type has a
  // byte of its own.
  header.mode = static_cast<uint32_t>(*mode & 07777);
  header.uid = static_cast<uint64_t>(*uid);
  header.gid = static_cast<uint64_t>(*gid);
  header.size = static_cast<uint64_t>(*size);
  header.mtime_seconds = *mtime;
  header.mtime_nanoseconds = 0;
  header.device_major = header.device_minor = 0;
  // A version 7 header has no such fields: what stands there may be anything.
  if (block.has_devices() && (header.type == '3' || header.type == '4')) {
    const auto major = block.number(329, 8);
    const auto minor = block.number(337, 8);
    if (!major || !minor) {
      return false;
    }
    header.device_major = static_cast<uint32_t>(*major);
    header.device_minor = static_cast<uint32_t>(*minor);
  }
  return true;
}

bool apply_numbers(const Overrides& overrides, TarHeader& header) {
  const auto replace = [](const std::optional<std::string_view>& text, uint64_t& field) {
    const std::optional<uint64_t> value = text ? parse_uint64(*text) : std::optional(field);
    field = value.value_or(0);
    return value.has_value();
  };
  return replace(overrides.size, header.size) && replace(overrides.uid, header.uid) &&
         replace(overrides.gid, header.gid) && (!overrides.mtime || parse_pax_time(*overrides.mtime, header));
}

void apply_names(const HeaderFields& block, const Overrides& overrides, TarHeader& header) {
  const std::string_view prefix = block.prefix();
  header.name.assign(prefix);
  if (!prefix.empty()) {
    header.name += '/';
  }
  header.name += block.text(0, 100);
  header.link_name.assign(block.text(157, 100));
  // Where both are there, the GNU name is read last and wins, as in reader.go:next.
  for (const auto& name : {overrides.path, overrides.long_name}) {
    if (name) {
      header.name.assign(*name);
    }
  }
  for (const auto& name : {overrides.link_path, overrides.long_link}) {
    if (name) {
      header.link_name.assign(*name);
    }
  }
  if (!overrides.sparse_name.empty()) {
    header.name.assign(overrides.sparse_name);
  }
}

// Sorted, the last of equal names: Go keeps records in a map.
void apply_xattrs(const Overrides& overrides, TarHeader& header) {
  header.xattrs.clear();
  for (const auto& [name, value] : overrides.xattrs) {
    const auto place = std::lower_bound(header.xattrs.begin(), header.xattrs.end(), name,
                                        [](const auto& have, std::string_view key) { return have.first < key; });
    if (place != header.xattrs.end() && place->first == name) {
      place->second.assign(value);
    } else {
      header.xattrs.emplace(place, name, value);
    }
  }
}

Result<void> read_header(const HeaderFields& block, const Overrides& overrides, TarHeader& header) {
  header.type = block.type();
  if (!read_numbers(block, header) || !apply_numbers(overrides, header)) {
    return malformed("a number is none");
  }
  apply_names(block, overrides, header);
  apply_xattrs(overrides, header);
  if (header.type == '\0') {
    header.type = header.name.ends_with('/') ? '5' : '0';
  }
  header.is_sparse = overrides.is_sparse || header.type == 'S';
  // reader.go: for these types a size in the header is no payload in the archive (isHeaderOnlyType).
  const bool has_payload = header.type != '1' && header.type != '2' && header.type != '3' && header.type != '4' &&
                           header.type != '5' && header.type != '6';
  if (!has_payload) {
    header.size = 0;
  }
  return {};
}

}  // namespace

uint32_t TarHeader::file_type() const {
  switch (type) {
    case '0': return S_IFREG;
    case '2': return S_IFLNK;
    case '3': return S_IFCHR;
    case '4': return S_IFBLK;
    case '5': return S_IFDIR;
    case '6': return S_IFIFO;
    default: return 0;
  }
}

Result<std::optional<uint64_t>> special_header_size(std::string_view bytes) {
  const HeaderFields block(bytes);
  if (!block.has_right_checksum()) {
    return malformed("its checksum is wrong");
  }
  const char type = block.type();
  if (type != 'x' && type != 'L' && type != 'K' && type != 'g') {
    return std::optional<uint64_t>();
  }
  const std::optional<int64_t> size = block.number(124, 12);
  if (!size || *size < 0) {
    return malformed("a number is none");
  }
  if (static_cast<uint64_t>(*size) > kMaxSpecial) {
    return limit_error("parse tar header", "", "a special header is too long");
  }
  return std::optional(static_cast<uint64_t>(*size));
}

Result<void> parse_tar_header(std::string_view bytes, size_t padding, TarHeader& header) {
  Overrides overrides;
  size_t at = padding;
  // Every special header before the real one must be whole, and the real one must end the bytes: what tar-split calls a
  // segment before a file is exactly this, so anything else is no tar of ours to understand.
  while (at <= bytes.size() && bytes.size() - at >= kTarBlock) {
    const HeaderFields block(bytes.substr(at, kTarBlock));
    ASSIGN_OR_RETURN(const std::optional<uint64_t> special, special_header_size(bytes.substr(at, kTarBlock)));
    at += kTarBlock;
    if (!special.has_value()) {
      return at == bytes.size() ? read_header(block, overrides, header) : malformed("bytes follow it");
    }
    const char type = block.type();
    const uint64_t length = *special;
    if (length > bytes.size() - at) {
      return malformed("it is cut off");
    }
    const std::string_view data = bytes.substr(at, length);
    at += length;
    // A global header is an entry of its own in tar-split; what it says applies to nothing, as dockerd ignores it too.
    if (type == 'g' && at == bytes.size()) {
      return read_header(block, Overrides{}, header);
    }
    if (type == 'x' && !parse_pax_records(data, overrides)) {
      return malformed("an extended header is malformed");
    }
    if (type == 'L') {
      overrides.long_name = data.substr(0, std::min(data.find('\0'), data.size()));
    } else if (type == 'K') {
      overrides.long_link = data.substr(0, std::min(data.find('\0'), data.size()));
    }
    at += tar_padding(length);
  }
  return malformed("it is cut off");
}

}  // namespace dfsck
