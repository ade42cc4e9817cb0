// Decompression by libarchive's filters.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/codec/byte_source.h"
#include "core/codec/compress/decompress.h"

namespace dfsck {

// Gives what a stream of one known compression holds: bzip2, xz or zstd. Format error where it is damaged or cut off or
// something else follows it.
class ArchiveFilter final : public ByteSource {
 public:
  // `source` must stay; `where` is for messages.
  ArchiveFilter(ByteSource& source, Compression compression, std::string where);
  ~ArchiveFilter() override;
  ArchiveFilter(const ArchiveFilter&) = delete;
  ArchiveFilter& operator=(const ArchiveFilter&) = delete;

  Result<std::string_view> next() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dfsck
