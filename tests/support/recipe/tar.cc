// Writes tar headers as archive/tar of Go does (PAX where ustar is not enough), and takes streams apart as tar-split
// does.
#include "tests/support/recipe/tar.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include "core/codec/json/json.h"

namespace dfsck {
namespace {

constexpr size_t kBlock = 512;

std::string padding(size_t size) { return std::string((kBlock - size % kBlock) % kBlock, '\0'); }

void put(std::string& block, size_t at, std::string_view text) { block.replace(at, text.size(), text); }

void put_octal(std::string& block, size_t at, size_t width, uint64_t value) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%0*llo", static_cast<int>(width - 1),
                static_cast<unsigned long long>(value));
  put(block, at, digits.data());
}

struct Header {
  std::string name;
  unsigned mode = 0644;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint64_t size = 0;
  int64_t mtime = 0;
  char type = '0';
  std::string link;
  unsigned major_number = 0;
  unsigned minor_number = 0;
};

std::string ustar(const Header& header) {
  std::string block(kBlock, '\0');
  put(block, 0, std::string_view(header.name).substr(0, 100));
  put_octal(block, 100, 8, header.mode);
  put_octal(block, 108, 8, header.uid);
  put_octal(block, 116, 8, header.gid);
  put_octal(block, 124, 12, header.size);
  put_octal(block, 136, 12, static_cast<uint64_t>(header.mtime));
  put(block, 148, "        ");
  block[156] = header.type;
  put(block, 157, std::string_view(header.link).substr(0, 100));
  put(block, 257, std::string_view("ustar\00000", 8));
  put_octal(block, 329, 8, header.major_number);
  put_octal(block, 337, 8, header.minor_number);
  unsigned sum = 0;
  for (const char c : block) {
    sum += static_cast<unsigned char>(c);
  }
  put_octal(block, 148, 7, sum);
  block[154] = '\0';
  return block;
}

// "LENGTH key=value\n", where LENGTH counts itself.
std::string pax_record(const std::string& key, const std::string& value) {
  const size_t rest = key.size() + value.size() + 3;
  size_t length = rest + std::to_string(rest).size();
  if (std::to_string(length).size() != std::to_string(rest).size()) {
    ++length;
  }
  return std::to_string(length) + " " + key + "=" + value + "\n";
}

std::string pax_records(const Header& header, const TreeEntry& entry) {
  std::string records;
  for (const auto& [name, value] : entry.xattrs) {
    records += pax_record("SCHILY.xattr." + name, value);
  }
  if (header.link.size() > 100) {
    records += pax_record("linkpath", header.link);
  }
  if (header.name.size() > 100) {
    records += pax_record("path", header.name);
  }
  return records;
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string in_parent(const std::string& path, const std::string& prefix) {
  const std::string parent = parent_of(path);
  return (parent.empty() ? "" : parent + "/") + prefix + path.substr(parent.empty() ? 0 : parent.size() + 1);
}

Header header_of(const TreeEntry& entry) {
  using Kind = TreeEntry::Kind;
  Header header{entry.path, entry.mode, entry.uid, entry.gid, 0, entry.mtime, '0', "", 0, 0};
  switch (entry.kind) {
    case Kind::Directory:
      header.name += "/";
      header.type = '5';
      break;
    case Kind::File: header.size = entry.bytes.size(); break;
    case Kind::Symlink:
      header.type = '2';
      header.link = entry.target;
      break;
    case Kind::HardLink:
      header.type = '1';
      header.link = entry.target;
      break;
    case Kind::Whiteout: header.name = in_parent(entry.path, ".wh."); break;
    case Kind::Opaque: header.name += "/.wh..wh..opq"; break;
    case Kind::Fifo: header.type = '6'; break;
    case Kind::CharDevice:
    case Kind::BlockDevice:
      header.type = entry.kind == Kind::CharDevice ? '3' : '4';
      header.major_number = entry.major_number;
      header.minor_number = entry.minor_number;
      break;
  }
  return header;
}

std::string big_endian(uint64_t value) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes += static_cast<char>((value >> shift) & 0xFF);
  }
  return bytes;
}

bool is_utf8(const std::string& text) { return quoted_json(text).find("\xef\xbf\xbd") == std::string::npos; }

class SplitLines {
 public:
  void segment(const std::string& bytes) {
    text_ += R"({"type":2,"payload":")" + base64(bytes) + "\",\"position\":" + std::to_string(position_++) + "}\n";
  }
  void file(const std::string& name, const std::string& payload) {
    const std::string key =
        is_utf8(name) ? R"("name":)" + to_go_json(JsonValue::string(name)) : R"("name_raw":")" + base64(name) + '"';
    text_ += R"({"type":1,)" + key;
    text_ += payload.empty() ? R"(,"payload":null)"
                             : ",\"size\":" + std::to_string(payload.size()) + R"(,"payload":")" +
                                   base64(big_endian(crc64_iso(payload))) + '"';
    text_ += ",\"position\":" + std::to_string(position_++) + "}\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  size_t position_ = 0;
};

}  // namespace

std::vector<TarMember> tar_members(const RecipeTree& tree) {
  std::vector<TarMember> members;
  for (const TreeEntry& entry : tree) {
    const Header header = header_of(entry);
    const std::string records = pax_records(header, entry);
    std::string blocks;
    if (!records.empty()) {
      Header pax;
      pax.name = ("PaxHeaders.0/" + header.name).substr(0, 100);
      pax.size = records.size();
      pax.type = 'x';
      blocks = ustar(pax) + records + padding(records.size());
    }
    members.push_back({header.name, blocks + ustar(header), entry.bytes});
  }
  return members;
}

std::string tar_bytes(const std::vector<TarMember>& members, size_t tail) {
  std::string bytes;
  for (const TarMember& member : members) {
    bytes += member.blocks + member.payload + padding(member.payload.size());
  }
  return bytes + std::string(2 * kBlock + tail, '\0');
}

std::string tar_split_lines(const std::vector<TarMember>& members, size_t tail, LastSegment last) {
  SplitLines lines;
  std::string before;
  for (const TarMember& member : members) {
    lines.segment(before + member.blocks);
    lines.file(member.name, member.payload);
    before = padding(member.payload.size());
  }
  lines.segment(before + std::string(2 * kBlock, '\0'));
  if (tail > 0) {
    lines.segment(std::string(tail, '\0'));
  }
  if (last == LastSegment::Empty) {
    lines.segment("");
  }
  return lines.text();
}

uint64_t crc64_iso(std::string_view bytes) {
  static const auto kTable = [] {
    std::array<uint64_t, 256> table{};
    for (uint64_t i = 0; i < table.size(); ++i) {
      uint64_t c = i;
      for (int bit = 0; bit < 8; ++bit) {
        c = (c & 1U) != 0 ? (c >> 1) ^ 0xD800000000000000 : c >> 1;
      }
      table[i] = c;
    }
    return table;
  }();
  uint64_t crc = ~uint64_t{0};
  for (const char c : bytes) {
    crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ (crc >> 8);
  }
  return ~crc;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) {
      group = (group << 8) | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (size_t i = 0; i < 4; ++i) {
      text += at + i <= bytes.size() ? kDigits[(group >> (18 - 6 * i)) & 0x3F] : '=';
    }
  }
  return text;
}

RecipeTree completed(const RecipeTree& tree) {
  RecipeTree complete;
  std::set<std::string> seen{""};
  const auto add_parents = [&](const std::string& path, const auto& self) -> void {
    const std::string parent = parent_of(path);
    if (seen.insert(parent).second) {
      self(parent, self);
      TreeEntry directory;
      directory.kind = TreeEntry::Kind::Directory;
      directory.path = parent;
      directory.mode = 0755;
      complete.push_back(directory);
    }
  };
  for (TreeEntry entry : tree) {
    // An opaque mark stands inside its directory.
    add_parents(entry.kind == TreeEntry::Kind::Opaque ? entry.path + "/" : entry.path, add_parents);
    if (entry.kind == TreeEntry::Kind::Directory) {
      seen.insert(entry.path);
    }
    if (entry.kind == TreeEntry::Kind::HardLink) {
      const auto target = std::find_if(complete.begin(), complete.end(),
                                       [&](const TreeEntry& other) { return other.path == entry.target; });
      if (target != complete.end()) {
        entry.mode = target->mode;
        entry.uid = target->uid;
        entry.gid = target->gid;
        entry.mtime = target->mtime;
        entry.xattrs = target->xattrs;
      }
    }
    complete.push_back(std::move(entry));
  }
  return complete;
}

}  // namespace dfsck
