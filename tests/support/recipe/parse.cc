// Reads recipes line by line. Objects begin in the first column; the entries of their trees are indented.
#include "tests/support/recipe/parse.h"

#include <charconv>

#include "core/base/text.h"

namespace dfsck {
namespace {

// A word, and whether it was quoted: quoted words are never options.
struct Word {
  std::string text;
  bool quoted = false;
};

Error bad_line(size_t line, const std::string& detail) {
  return format_error("read recipe", "line " + std::to_string(line), detail);
}

// Appends the text between quotes that begins at `at`; returns the position after the closing quote.
std::optional<size_t> take_quoted(std::string_view line, size_t at, std::string& word) {
  size_t end = at + 1;
  while (end < line.size() && line[end] != '"') {
    end += line[end] == '\\' ? 2 : 1;
  }
  if (end >= line.size()) {
    return std::nullopt;
  }
  const auto plain = unescaped(line.substr(at + 1, end - at - 1));
  if (!plain) {
    return std::nullopt;
  }
  word += *plain;
  return end + 1;
}

std::optional<std::vector<Word>> words_of(std::string_view line) {
  std::vector<Word> words;
  size_t at = 0;
  while (at < line.size()) {
    if (line[at] == ' ') {
      ++at;
    } else if (line[at] == '#') {
      break;
    } else {
      Word word{{}, line[at] == '"'};
      while (at < line.size() && line[at] != ' ') {
        if (line[at] == '"') {
          const auto end = take_quoted(line, at, word.text);
          if (!end) {
            return std::nullopt;
          }
          at = *end;
        } else {
          word.text += line[at++];
        }
      }
      words.push_back(std::move(word));
    }
  }
  return words;
}

// The place of the '=' of `key=value`, where the key looks like one.
std::optional<size_t> option_split(const Word& word) {
  const size_t equals = word.text.find('=');
  if (word.quoted || equals == std::string::npos || equals == 0) {
    return std::nullopt;
  }
  const std::string_view key = std::string_view(word.text).substr(0, equals);
  return key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string_view::npos
             ? std::optional(equals)
             : std::nullopt;
}

RecipeItem item_of(const std::vector<Word>& words, size_t line) {
  RecipeItem item;
  item.line = line;
  item.kind = words[0].text;
  for (size_t i = 1; i < words.size(); ++i) {
    if (const auto equals = option_split(words[i])) {
      item.options[words[i].text.substr(0, *equals)] = words[i].text.substr(*equals + 1);
    } else {
      item.words.push_back(words[i].text);
    }
  }
  return item;
}

std::optional<unsigned> octal(const std::string& text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// CAP_NAME as the kernel stores it, permitted and effective (linux/capability.h: VFS_CAP_REVISION_2).
std::optional<std::string> capability(const std::string& name) {
  static const std::map<std::string, unsigned> kNumbers = {{"chown", 0},      {"setuid", 7},   {"net_bind_service", 10},
                                                           {"net_admin", 12}, {"net_raw", 13}, {"sys_admin", 21}};
  const auto found = kNumbers.find(name);
  if (found == kNumbers.end()) {
    return std::nullopt;
  }
  std::string value("\x01\x00\x00\x02", 4);
  for (unsigned shift = 0; shift < 32; shift += 8) {
    value += static_cast<char>(((1U << found->second) >> shift) & 0xFF);
  }
  return value + std::string(12, '\0');
}

// Options that every kind of entry may have. Returns false for one that is unknown or malformed.
bool apply_entry_option(TreeEntry& entry, const std::string& key, const std::string& value) {
  if (key.starts_with("xattr.")) {
    entry.xattrs[key.substr(6)] = value;
    return true;
  }
  if (key == "cap") {
    const auto bytes = capability(value);
    entry.xattrs["security.capability"] = bytes.value_or("");
    return bytes.has_value();
  }
  const auto number = parse_int64(value);
  if (!number) {
    return false;
  }
  if (key == "uid" || key == "gid") {
    (key == "uid" ? entry.uid : entry.gid) = static_cast<uint32_t>(*number);
    return true;
  }
  entry.mtime = *number;
  return key == "mtime";
}

// The content of a file: "text", fill:SIZE, zeros:SIZE or nothing.
std::optional<std::string> content_of(const RecipeItem& item, size_t index) {
  const std::string word = item.word(index);
  const size_t colon = word.find(':');
  const auto size = colon == std::string::npos ? std::nullopt : parse_uint64(word.substr(colon + 1));
  if (size && word.starts_with("fill:")) {
    return filler(*size, item.word(0));
  }
  if (size && word.starts_with("zeros:")) {
    return std::string(*size, '\0');
  }
  return word;
}

// Fills in what the kind of entry takes after its path. Returns false if the line makes no sense.
bool apply_entry_words(TreeEntry& entry, const RecipeItem& item) {
  using Kind = TreeEntry::Kind;
  static const std::map<std::string, std::pair<Kind, unsigned>> kKinds = {
      {"dir", {Kind::Directory, 0755}},       {"file", {Kind::File, 0644}},
      {"link", {Kind::Symlink, 0777}},        {"hardlink", {Kind::HardLink, 0644}},
      {"whiteout", {Kind::Whiteout, 0600}},   {"opaque", {Kind::Opaque, 0755}},
      {"fifo", {Kind::Fifo, 0644}},           {"chardev", {Kind::CharDevice, 0644}},
      {"blockdev", {Kind::BlockDevice, 0644}}};
  const auto found = kKinds.find(item.kind);
  if (found == kKinds.end() || item.words.empty()) {
    return false;
  }
  entry.kind = found->second.first;
  entry.mode = found->second.second;
  entry.path = item.words[0];
  switch (entry.kind) {
    case Kind::Symlink: entry.target = item.word(2); return item.word(1) == "->" && !entry.target.empty();
    case Kind::HardLink: entry.target = item.word(1); return !entry.target.empty();
    case Kind::CharDevice:
    case Kind::BlockDevice: {
      const auto mode = octal(item.word(1));
      const auto major_number = parse_uint64(item.word(2));
      const auto minor_number = parse_uint64(item.word(3));
      entry.mode = mode.value_or(0);
      entry.major_number = static_cast<unsigned>(major_number.value_or(0));
      entry.minor_number = static_cast<unsigned>(minor_number.value_or(0));
      return mode && major_number && minor_number;
    }
    case Kind::Opaque: entry.mtime = 0; return true;
    default: break;
  }
  const auto mode = octal(item.word(1));
  entry.mode = item.words.size() > 1 && mode ? *mode : entry.mode;
  entry.bytes = entry.kind == Kind::File ? content_of(item, 2).value_or("") : "";
  return item.words.size() < 2 || mode;
}

Result<TreeEntry> entry_of(const RecipeItem& item) {
  TreeEntry entry;
  if (!apply_entry_words(entry, item)) {
    return bad_line(item.line, "no such tree entry: " + item.kind);
  }
  for (const auto& [key, value] : item.options) {
    if (!apply_entry_option(entry, key, value)) {
      return bad_line(item.line, "bad option " + key + "=" + value);
    }
  }
  return entry;
}

int hex_digit(char c) {
  const std::string_view digits = "0123456789abcdef";
  const size_t at = digits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::optional<std::string> unescaped(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    const char kind = ++i < text.size() ? text[i] : '\0';
    static const std::map<char, char> kShort = {{'n', '\n'}, {'t', '\t'}, {'\\', '\\'}, {'"', '"'}, {'e', '\x1b'}};
    if (const auto found = kShort.find(kind); found != kShort.end()) {
      plain += found->second;
    } else if (kind == 'x' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      plain += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return plain;
}

std::string filler(size_t size, std::string_view seed) {
  uint64_t state = 0x9E3779B97F4A7C15;
  for (const char c : seed) {
    state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  }
  std::string bytes;
  bytes.reserve(size);
  while (bytes.size() < size) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    bytes += static_cast<char>(state >> 56);
  }
  return bytes;
}

Result<std::vector<RecipeItem>> parse_recipe(std::string_view text) {
  std::vector<RecipeItem> items;
  size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    const auto words = words_of(line);
    if (!words) {
      return bad_line(number, "unfinished quotes or unknown escape");
    }
    if (words->empty()) {
      continue;
    }
    RecipeItem item = item_of(*words, number);
    if (!line.starts_with(' ')) {
      items.push_back(std::move(item));
      continue;
    }
    if (items.empty()) {
      return bad_line(number, "an entry without an object above it");
    }
    Result<TreeEntry> entry = entry_of(item);
    if (!entry) {
      return entry.error();
    }
    items.back().tree.push_back(std::move(*entry));
  }
  return items;
}

}  // namespace dfsck
