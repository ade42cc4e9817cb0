// One JSON line per record, keys in the order of the daemon's struct.
#include "core/codec/tar/tar_split_writer.h"

#include "core/base/try.h"
#include "core/base/utf8.h"
#include "core/codec/base64.h"
#include "core/codec/json/json.h"
#include "core/codec/json/value.h"

namespace dfsck {
namespace {

std::string encoded_crc(uint64_t crc64) {
  std::string big_endian;
  for (int shift = 56; shift >= 0; shift -= 8) {
    big_endian += static_cast<char>(crc64 >> shift);
  }
  return encode_base64(big_endian);
}

}  // namespace

TarSplitWriter::TarSplitWriter(ByteSink sink, TarSplitEnd end) : gzip_(std::move(sink)), end_(end) {}

Result<void> TarSplitWriter::end_line() {
  line_ += ",\"position\":";
  line_ += std::to_string(position_++);
  line_ += "}\n";
  return gzip_.write(line_);
}

Result<void> TarSplitWriter::segment(std::string_view bytes) {
  // No line for nothing, as tar-split since 0.11.5; the one empty segment of older daemons is written by finish().
  if (bytes.empty()) {
    return {};
  }
  line_ = "{\"type\":2,\"payload\":\"";
  line_ += encode_base64(bytes);
  line_ += '"';
  return end_line();
}

Result<void> TarSplitWriter::file(std::string_view name, uint64_t size, uint64_t crc64) {
  line_ = "{\"type\":1";
  // entry.go:SetName decides by utf8.ValidString.
  if (!is_utf8(name)) {
    line_ += ",\"name_raw\":\"" + encode_base64(name) + '"';
  } else if (!name.empty()) {
    line_ += ",\"name\":" + to_go_json(JsonValue::string(std::string(name)));
  }
  if (size > 0) {
    line_ += ",\"size\":" + std::to_string(size) + ",\"payload\":\"" + encoded_crc(crc64) + '"';
  } else {
    line_ += ",\"payload\":null";
  }
  return end_line();
}

Result<void> TarSplitWriter::finish() {
  if (end_ == TarSplitEnd::EmptySegment) {
    line_ = "{\"type\":2,\"payload\":\"\"";
    TRY(end_line());
  }
  return gzip_.finish();
}

}  // namespace dfsck
