// Reading a stream as a whole.
#include "core/codec/byte_source.h"

#include "core/base/text.h"
#include "core/base/try.h"

namespace dfsck {

Result<std::string> read_all(ByteSource& source, size_t limit, const std::string& where) {
  std::string bytes;
  for (;;) {
    ASSIGN_OR_RETURN(const std::string_view piece, source.next());
    if (piece.empty()) {
      return bytes;
    }
    // Asked before the bytes are kept: what is refused never takes memory beyond the limit.
    if (piece.size() > limit - bytes.size()) {
      return limit_error("read", where, "larger than " + human_bytes(limit));
    }
    bytes += piece;
  }
}

}  // namespace dfsck
