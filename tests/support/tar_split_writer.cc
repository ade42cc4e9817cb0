// Headers byte by byte; tar-split by the rules of vbatts/tar-split tar/asm/disassemble.go.
#include "tests/support/tar_split_writer.h"

#include <array>
#include <cstdio>

#include "core/codec/base64.h"

namespace dfsck::test {
namespace {

constexpr size_t kBlock = 512;

std::string padding_of(size_t size) { return std::string((kBlock - size % kBlock) % kBlock, '\0'); }

void put(std::string& block, size_t at, const std::string& text) { block.replace(at, text.size(), text); }

std::string octal(uint64_t value, int digits) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%0*llo", digits, static_cast<unsigned long long>(value));
  return text.data();
}

// The CRC of tar-split bit by bit.
uint64_t slow_crc64(const std::string& bytes) {
  uint64_t state = ~uint64_t{0};
  for (const char byte : bytes) {
    state ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      state = (state & 1) != 0 ? (state >> 1) ^ 0xd800000000000000 : state >> 1;
    }
  }
  return ~state;
}

std::string json_string(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || c == '<' || c == '>' || c == '&') {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
      quoted += escape.data();
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

class SplitWriter {
 public:
  void segment(const std::string& bytes) { pending_ += bytes; }
  void file(const TarMember& member, uint64_t size) {
    flush();
    std::string line = "{\"type\":1,\"name\":" + json_string(member.name);
    if (size > 0) {
      const uint64_t crc = slow_crc64(member.data);
      std::string big_endian;
      for (int shift = 56; shift >= 0; shift -= 8) {
        big_endian += static_cast<char>(crc >> shift);
      }
      line += ",\"size\":" + std::to_string(size) + ",\"payload\":\"" + encode_base64(big_endian) + "\"";
    } else {
      line += ",\"payload\":null";
    }
    add(line);
  }
  void flush() {
    if (!pending_.empty()) {
      add("{\"type\":2,\"payload\":\"" + encode_base64(pending_) + "\"");
      pending_.clear();
    }
  }
  std::string text;

 private:
  void add(const std::string& line) { text += line + ",\"position\":" + std::to_string(position_++) + "}\n"; }

  std::string pending_;
  uint64_t position_ = 0;
};

}  // namespace

std::string tar_block(const TarMember& member, uint64_t size) {
  std::string block(kBlock, '\0');
  put(block, 0, member.name.substr(0, 100));
  put(block, 100, octal(member.mode, 7));
  put(block, 108, octal(member.uid, 7));
  put(block, 116, octal(member.gid, 7));
  put(block, 124, octal(size, 11));
  put(block, 136, octal(static_cast<uint64_t>(member.mtime < 0 ? 0 : member.mtime), 11));
  if (member.mtime < 0) {  // base 256, two's complement
    for (size_t i = 0; i < 12; ++i) {
      block[147 - i] = static_cast<char>(i < 8 ? static_cast<uint64_t>(member.mtime) >> (8 * i) : 0xff);
    }
  }
  block[156] = member.type;
  put(block, 157, member.link.substr(0, 100));
  put(block, 257, std::string("ustar\00000", 8));
  put(block, 329, octal(member.major, 7));
  put(block, 337, octal(member.minor, 7));
  put(block, 148, "        ");
  unsigned sum = 0;
  for (const char byte : block) {
    sum += static_cast<unsigned char>(byte);
  }
  put(block, 148, octal(sum, 6) + std::string("\0 ", 2));
  return block;
}

std::string pax_record(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) {
    length = std::to_string(length).size() + rest.size();
  }
  return std::to_string(length) + rest;
}

std::string special_header(char type, const std::string& data) {
  return tar_block({.name = type == 'x' ? "PaxHeaders.0/x" : "././@LongLink", .type = type}, data.size()) + data +
         padding_of(data.size());
}

Tar make_tar(const std::vector<TarMember>& members, const std::string& tail, TarEnd end) {
  Tar tar;
  SplitWriter split;
  const auto segment = [&](const std::string& bytes) {
    tar.bytes += bytes;
    split.segment(bytes);
  };
  for (const TarMember& member : members) {
    if (member.type == 'g') {
      segment(tar_block(member, member.data.size()) + member.data);
      split.file(member, 0);
      segment(padding_of(member.data.size()));
      continue;
    }
    std::string records;
    for (const auto& [key, value] : member.records) {
      records += pax_record(key, value);
    }
    for (const auto& [key, value] : member.xattrs) {
      records += pax_record("SCHILY.xattr." + key, value);
    }
    if (!records.empty()) {
      segment(special_header('x', records));
    }
    if (member.gnu_long_name) {
      segment(special_header('L', member.name + '\0') + special_header('K', member.link + '\0'));
    }
    segment(tar_block(member, member.data.size()));
    split.file(member, member.data.size());
    tar.bytes += member.data;
    segment(padding_of(member.data.size()));
  }
  if (end == TarEnd::Present) {
    segment(std::string(2 * kBlock, '\0'));
  }
  split.flush();
  segment(tail);
  split.flush();
  tar.tar_split = split.text;
  return tar;
}

}  // namespace dfsck::test
