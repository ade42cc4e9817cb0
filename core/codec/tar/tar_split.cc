// The line scanner of tar-split. Nearly all lines have the exact form that Go's encoder gives them, and most of a
// layer's time outside of hashing is spent here, so that form has a parser of its own.
#include "core/codec/tar/tar_split.h"

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/codec/base64.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

// A segment has at most 1 MiB and headers, in base64 a third more.
constexpr size_t kMaxLine = 16U << 20;

// Takes a line apart from its front.
class LineScanner {
 public:
  explicit LineScanner(std::string_view line) : rest_(line) {}

  bool skip(std::string_view text) {
    if (!rest_.starts_with(text)) {
      return false;
    }
    rest_.remove_prefix(text.size());
    return true;
  }

  bool number(int64_t& value) {
    if (rest_.starts_with('-')) {
      return false;
    }
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    // JSON has no such numbers; a line with one goes to the real parser, which says so.
    const bool leading_zero = rest_.size() > 1 && rest_[0] == '0' && end - rest_.data() > 1;
    if (error != std::errc() || leading_zero) {
      return false;
    }
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return true;
  }

  // A string without escapes, behind its opening quote.
  bool plain_string(std::string_view& text) {
    const void* quote = std::memchr(rest_.data(), '"', rest_.size());
    if (quote == nullptr) {
      return false;
    }
    text = rest_.substr(0, static_cast<size_t>(static_cast<const char*>(quote) - rest_.data()));
    rest_.remove_prefix(text.size() + 1);
    return true;
  }

  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// Escapes, control characters and bytes beyond ASCII are left to the JSON parser.
// Without branches, so that the compiler makes it wide: nearly every name passes.
bool is_plain_ascii(std::string_view text) {
  unsigned odd = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    odd |=
        static_cast<unsigned>(byte < 0x20) | static_cast<unsigned>(byte >= 0x80) | static_cast<unsigned>(byte == '\\');
  }
  return odd == 0;
}

bool set_crc(std::string_view base64, TarSplitRecord& record) {
  constexpr size_t kEncodedCrc = 12;
  if (base64.size() != kEncodedCrc || !decode_base64(base64, record.bytes) || record.bytes.size() != 8) {
    return false;
  }
  record.crc64 = 0;
  // Big-endian, as Go's hash.Sum appends it.
  for (const char byte : record.bytes) {
    record.crc64 = record.crc64 << 8 | static_cast<unsigned char>(byte);
  }
  record.has_crc = true;
  record.bytes.clear();
  return true;
}

// A payload needs no look at its characters: decode_base64 refuses everything that is not of its alphabet.
bool parse_segment(LineScanner& scanner, TarSplitRecord& record) {
  record.kind = TarSplitRecord::Kind::Segment;
  record.name.clear();
  record.size = 0;
  record.has_crc = false;
  std::string_view payload;
  return scanner.skip("\"payload\":\"") && scanner.plain_string(payload) && decode_base64(payload, record.bytes);
}

// Members in the order of tar-split's Entry struct, those that are zero left out as Go's omitempty does. What deviates
// by one byte is no error here: false sends the line to the tolerant parser.
bool parse_file(LineScanner& scanner, TarSplitRecord& record) {
  record.kind = TarSplitRecord::Kind::File;
  record.bytes.clear();
  record.size = 0;
  record.has_crc = false;
  std::string_view name;
  if (!scanner.skip("\"name\":\"") || !scanner.plain_string(name) || name.empty() || !is_plain_ascii(name)) {
    return false;
  }
  record.name.assign(name);
  if (!scanner.skip(",")) {
    return false;
  }
  if (scanner.skip("\"size\":")) {
    int64_t size = 0;
    if (!scanner.number(size) || !scanner.skip(",")) {
      return false;
    }
    record.size = static_cast<uint64_t>(size);
  }
  if (scanner.skip("\"payload\":null")) {
    return true;
  }
  std::string_view payload;
  return scanner.skip("\"payload\":\"") && scanner.plain_string(payload) && set_crc(payload, record);
}

}  // namespace

bool parse_canonical_record(std::string_view line, TarSplitRecord& record, int64_t& position) {
  LineScanner scanner(line);
  const bool is_segment = scanner.skip("{\"type\":2,");
  if (!is_segment && !scanner.skip("{\"type\":1,")) {
    return false;
  }
  return (is_segment ? parse_segment(scanner, record) : parse_file(scanner, record)) &&
         scanner.skip(",\"position\":") && scanner.number(position) && scanner.skip("}") && scanner.at_end();
}

bool parse_tolerant_record(std::string_view line, TarSplitRecord& record, int64_t& position) {
  JsonLimits limits;
  limits.max_bytes = kMaxLine;
  // A record has six members; whoever writes more is not the daemon, and gets no more memory.
  limits.max_values = 4096;
  const Result<JsonValue> parsed = parse_json(line, limits);
  const JsonValue* type = parsed ? parsed->find("type") : nullptr;
  const std::optional<int64_t> kind = type != nullptr ? type->as_int64() : std::nullopt;
  if (!kind || (*kind != 1 && *kind != 2)) {
    return false;
  }
  // Absent and null leave Go's field at its zero value.
  const auto member = [&](std::string_view key) -> const JsonValue* {
    const JsonValue* value = parsed->find(key);
    return value != nullptr && !value->is_null() ? value : nullptr;
  };
  // The fast parser may have filled in part of it before it gave up.
  record = TarSplitRecord{};
  record.kind = *kind == 2 ? TarSplitRecord::Kind::Segment : TarSplitRecord::Kind::File;
  position = 0;
  if (const JsonValue* value = member("position")) {
    const std::optional<int64_t> number = value->as_int64();
    if (!number) {
      return false;
    }
    position = *number;
  }
  const JsonValue* payload = member("payload");
  const std::string* base64 = payload != nullptr ? payload->as_string() : nullptr;
  if (payload != nullptr && base64 == nullptr) {
    return false;
  }
  if (record.kind == TarSplitRecord::Kind::Segment) {
    return base64 == nullptr || decode_base64(*base64, record.bytes);
  }
  if (const JsonValue* value = member("size")) {
    const std::optional<int64_t> number = value->as_int64();
    if (!number || *number < 0) {
      return false;
    }
    record.size = static_cast<uint64_t>(*number);
  }
  const JsonValue* name = member("name");
  const JsonValue* raw = member("name_raw");
  // A name that is no UTF-8 stands here in base64, because JSON could not hold it (entry.go:SetName). It goes before
  // `name`.
  if (raw != nullptr) {
    if (raw->as_string() == nullptr || !decode_base64(*raw->as_string(), record.name)) {
      return false;
    }
  }
  if (record.name.empty() && name != nullptr) {
    if (name->as_string() == nullptr) {
      return false;
    }
    record.name = *name->as_string();
  }
  return !record.name.empty() && (base64 == nullptr || base64->empty() || set_crc(*base64, record));
}

struct TarSplitReader::State {
  State(int fd, std::string name, uint64_t limit) : gunzip(fd, name, limit), where(std::move(name)) {}

  Gunzip gunzip;
  std::string where;
  std::string_view piece;  // decompressed, not yet taken
  std::string carried;     // the beginning of a line whose end is in a later piece
  uint64_t line = 0;
  int64_t last_position = -1;

  // The next line without its line end; false at the end of the file.
  Result<bool> next_line(std::string_view& text);
};

TarSplitReader::TarSplitReader(int fd, std::string where, uint64_t limit)
    : state_(std::make_unique<State>(fd, std::move(where), limit)) {}

TarSplitReader::~TarSplitReader() = default;

GzipFault TarSplitReader::fault() const { return state_->gunzip.fault(); }

uint64_t TarSplitReader::line() const { return state_->line; }

// Nearly all lines lie whole in one decompressed piece and are never copied; only one that crosses into the next piece
// is.
Result<bool> TarSplitReader::State::next_line(std::string_view& text) {
  carried.clear();
  for (;;) {
    const void* found = piece.empty() ? nullptr : std::memchr(piece.data(), '\n', piece.size());
    if (found != nullptr) {
      const auto length = static_cast<size_t>(static_cast<const char*>(found) - piece.data());
      text = piece.substr(0, length);
      piece.remove_prefix(length + 1);
      if (!carried.empty()) {
        carried += text;
        text = carried;
      }
      ++line;
      return true;
    }
    carried += piece;
    if (carried.size() > kMaxLine) {
      return limit_error("read", where, "line " + std::to_string(line + 1) + " is too long");
    }
    ASSIGN_OR_RETURN(piece, gunzip.next());
    if (piece.empty()) {
      // The last line need not have a line end; packer.go does not ask for one either.
      text = carried;
      line += carried.empty() ? 0 : 1;
      return !carried.empty();
    }
  }
}

Result<bool> TarSplitReader::next(TarSplitRecord& record) {
  State& state = *state_;
  std::string_view text;
  do {
    // Empty lines are passed over: they add nothing to the tar.
    const Result<bool> got = state.next_line(text);
    if (!got || !*got) {
      return got;
    }
  } while (trimmed(text).empty());
  int64_t position = 0;
  if (!parse_canonical_record(text, record, position) && !parse_tolerant_record(text, record, position)) {
    return format_error("read", state.where,
                        "line " + std::to_string(state.line) + " is malformed: \"" + escaped_excerpt(text, 40) + "\"");
  }
  // packer.go numbers both kinds of records through, and never looks at the numbers again. Numbers that do not rise
  // mean lines that were doubled or mixed: the tar would be put together in the wrong order.
  if (position <= state.last_position) {
    return format_error("read", state.where, "line " + std::to_string(state.line) + " is out of order");
  }
  state.last_position = position;
  return true;
}

}  // namespace dfsck
