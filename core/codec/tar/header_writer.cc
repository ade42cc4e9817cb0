// Fields of fixed places and widths, and the rules for what does not fit.
#include "core/codec/tar/header_writer.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>

#include "core/base/path_text.h"
#include "core/codec/tar/header.h"

namespace dfsck {
namespace {

constexpr size_t kMaxRecords = 1U << 20;  // archive/tar/common.go:maxSpecialFileSize

struct Field {
  size_t at;
  size_t size;
};

// POSIX ustar, in the order of the block.
constexpr Field kName = {0, 100};
constexpr Field kMode = {100, 8};
constexpr Field kUid = {108, 8};
constexpr Field kGid = {116, 8};
constexpr Field kSize = {124, 12};
constexpr Field kTime = {136, 12};
constexpr Field kChecksum = {148, 8};
constexpr size_t kType = 156;
constexpr Field kLinkName = {157, 100};
constexpr Field kMagic = {257, 8};
constexpr Field kUserName = {265, 32};
constexpr Field kGroupName = {297, 32};
constexpr Field kMajor = {329, 8};
constexpr Field kMinor = {337, 8};
constexpr Field kPrefix = {345, 155};

// An octal number leaves room for a NUL.
bool fits_in_octal(int64_t value, const Field& field) {
  const size_t bits = 3 * (field.size - 1);
  return value >= 0 && (bits >= 63 || value >> bits == 0);
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// What Go's formatter leaves of a name that has to stand in a PAX record (toASCII): the header proper is for readers
// that know no PAX.
std::string ascii_part(std::string_view text) {
  std::string part;
  std::copy_if(text.begin(), text.end(), std::back_inserter(part),
               [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return part;
}

class HeaderBlock {
 public:
  explicit HeaderBlock(char type) : bytes_(kTarBlock, '\0') {
    bytes_[kType] = type;
    put(kMagic, std::string_view("ustar\00000", 8));
  }

  // What is too long is cut off. The cut must not make a file look like a directory.
  void text(const Field& field, std::string_view text) {
    put(field, text.substr(0, field.size));
    const size_t last = field.at + field.size - 1;
    if (text.size() > field.size && bytes_[last] == '/') {
      const size_t kept = bytes_.find_last_not_of('/', last);
      bytes_[std::max(field.at, kept == std::string::npos ? 0 : kept + 1)] = '\0';
    }
  }

  // 0 where it does not fit.
  void number(const Field& field, int64_t value) {
    auto left = static_cast<uint64_t>(fits_in_octal(value, field) ? value : 0);
    for (size_t i = field.at + field.size - 1; i-- > field.at; left >>= 3) {
      bytes_[i] = static_cast<char>('0' + (left & 7));
    }
  }

  // The checksum is taken with blanks in its own field, then written as six digits, NUL, blank: the one field of that
  // form.
  void append_to(std::string& out) {
    put(kChecksum, "        ");
    int64_t sum = 0;
    for (const char byte : bytes_) {
      sum += static_cast<unsigned char>(byte);
    }
    number({kChecksum.at, kChecksum.size - 1}, sum);
    bytes_[kChecksum.at + kChecksum.size - 2] = '\0';
    out += bytes_;
  }

 private:
  void put(const Field& field, std::string_view text) { bytes_.replace(field.at, text.size(), text); }

  std::string bytes_;
};

// Where ustar can cut a long name into prefix and name: the slash between them. The last one that leaves the prefix
// short enough; a slash at the very end does not count. 0 where it cannot.
// archive/tar/writer.go:splitUSTARPath. Byte-exactness hangs on it: another legal cut would be another diffID.
size_t ustar_cut(std::string_view name) {
  if (name.size() <= kName.size || !is_ascii(name)) {
    return 0;
  }
  const size_t last = std::min(name.size() - (name.back() == '/' ? 2 : 1), kPrefix.size);
  const size_t cut = name.rfind('/', last);
  if (cut == std::string_view::npos) {
    return 0;
  }
  const size_t rest = name.size() - cut - 1;
  return rest > 0 && rest <= kName.size ? cut : 0;
}

// "seconds", or "seconds.fraction" without zeros at its end.
std::string pax_time(int64_t seconds, int64_t nanoseconds) {
  if (nanoseconds == 0) {
    return std::to_string(seconds);
  }
  const bool negative = seconds < 0;
  const int64_t whole = negative ? -(seconds + 1) : seconds;
  std::string fraction = std::to_string(negative ? 1'000'000'000 - nanoseconds : nanoseconds);
  fraction.insert(0, 9 - fraction.size(), '0');
  fraction.resize(fraction.find_last_not_of('0') + 1);
  return (negative ? "-" : "") + std::to_string(whole) + "." + fraction;
}

std::string pax_record(const std::string& key, const std::string& value) {
  const size_t rest = key.size() + value.size() + 3;
  // The length counts its own digits: adding them may make one digit more, and then no further.
  size_t length = rest + std::to_string(rest).size();
  length = rest + std::to_string(length).size();
  return std::to_string(length) + " " + key + "=" + value + "\n";
}

// What is to be said in a PAX header, if there is one; `ustar_suffices` tells whether there need be none.
// Go writes ustar where it can, and PAX with all that does not fit where it cannot (Writer.WriteHeader,
// allowedFormats). A long name that ustar could have cut goes there as well then.
std::map<std::string, std::string> pax_records(const NewTarHeader& header, bool& ustar_suffices) {
  std::map<std::string, std::string> records;
  ustar_suffices = header.xattrs.empty();
  const auto text = [&](const std::string& value, const Field& field, const char* key) {
    if (!is_ascii(value) || value.size() > field.size) {
      records[key] = value;
      ustar_suffices = ustar_suffices && field.at == kName.at && ustar_cut(value) > 0;
    }
  };
  const auto number = [&](uint64_t value, const Field& field, const char* key) {
    if (!fits_in_octal(static_cast<int64_t>(value), field)) {
      records[key] = std::to_string(static_cast<int64_t>(value));
      ustar_suffices = false;
    }
  };
  text(header.name, kName, "path");
  text(header.link_name, kLinkName, "linkpath");
  text(header.user_name, kUserName, "uname");
  text(header.group_name, kGroupName, "gname");
  number(header.uid, kUid, "uid");
  number(header.gid, kGid, "gid");
  number(header.size, kSize, "size");
  // The daemon cuts times to seconds before it writes a layer (TarWithOptions).
  if (header.mtime_nanoseconds != 0 || !fits_in_octal(header.mtime_seconds, kTime)) {
    records["mtime"] = pax_time(header.mtime_seconds, header.mtime_nanoseconds);
    ustar_suffices = false;
  }
  for (const auto& [name, value] : header.xattrs) {
    records["SCHILY.xattr." + name] = value;
  }
  return records;
}

// False where Go's allowedFormats finds no format at all (common.go).
bool is_writable(const NewTarHeader& header) {
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  const bool nul_in_xattr =
      std::any_of(header.xattrs.begin(), header.xattrs.end(), [&](const auto& xattr) { return has_nul(xattr.first); });
  const bool may_end_in_slash = header.type == '5' || header.type == '1' || header.type == '2';
  return !nul_in_xattr && !has_nul(header.name) && !has_nul(header.link_name) && !has_nul(header.user_name) &&
         !has_nul(header.group_name) && (may_end_in_slash || !header.name.ends_with('/'));
}

// Name of the PAX header itself: that of the entry with a directory put in front of its last part.
// path.Join(dir, "PaxHeaders.0", base) in writer.go:writePAXHeader. Nobody reads it, but every byte of it is in the
// diffID.
std::string pax_header_name(std::string_view name) {
  const std::string_view directory = parent_path(name);
  std::string result;
  const auto add = [&result](std::string_view part) {
    if (!part.empty() && part != ".") {
      result += (result.empty() ? "" : "/") + std::string(part);
    }
  };
  add(directory.starts_with("./") ? directory.substr(2) : directory);
  add("PaxHeaders.0");
  add(last_name(name));
  result = ascii_part(result).substr(0, kName.size);
  result.resize(result.find_last_not_of('/') + 1);
  return result;
}

void append_pax_header(const std::string& name, const std::string& data, std::string& out) {
  HeaderBlock block('x');
  block.text(kName, pax_header_name(name));
  for (const Field& field : {kMode, kUid, kGid, kTime}) {
    block.number(field, 0);
  }
  block.number(kSize, static_cast<int64_t>(data.size()));
  block.append_to(out);
  out += data;
  out.append(tar_padding(data.size()), '\0');
}

}  // namespace

bool append_tar_header(const NewTarHeader& header, std::string& out) {
  if (!is_writable(header)) {
    return false;
  }
  bool is_ustar = false;
  std::string data;
  // A map, so that the records come out sorted, as Go sorts them for reproducible archives.
  for (const auto& [key, value] : pax_records(header, is_ustar)) {
    data += is_ustar ? "" : pax_record(key, value);
  }
  if (data.size() > kMaxRecords) {
    return false;
  }
  if (!data.empty()) {
    append_pax_header(header.name, data, out);
  }
  const size_t cut = is_ustar ? ustar_cut(header.name) : 0;
  HeaderBlock block(header.type);
  block.text(kName, ascii_part(std::string_view(header.name).substr(cut > 0 ? cut + 1 : 0)));
  block.text(kPrefix, std::string_view(header.name).substr(0, cut));
  block.text(kLinkName, ascii_part(header.link_name));
  block.text(kUserName, ascii_part(header.user_name));
  block.text(kGroupName, ascii_part(header.group_name));
  block.number(kMode, header.mode);
  block.number(kUid, static_cast<int64_t>(header.uid));
  block.number(kGid, static_cast<int64_t>(header.gid));
  block.number(kSize, static_cast<int64_t>(header.size));
  block.number(kTime, header.mtime_seconds);
  block.number(kMajor, header.device_major);
  block.number(kMinor, header.device_minor);
  block.append_to(out);
  return true;
}

}  // namespace dfsck
