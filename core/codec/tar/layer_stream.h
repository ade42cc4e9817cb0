// The entries of a layer's tar in order, out of its tar-split: headers parsed, payloads left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/path_text.h"
#include "core/base/result.h"
#include "core/codec/tar/header.h"
#include "core/codec/tar/tar_split.h"

namespace dfsck {

// One tar entry. Reused from entry to entry: its strings keep their capacity.
struct LayerEntry {
  std::string raw;  // the bytes of the tar before the payload: padding, special headers, header
  TarHeader header;
  std::string name;    // as in tar-split, neither cleaned nor escaped
  std::string path;    // cleaned: relative to the tree, no "." or "..", no slash at either end; empty for the root
  uint64_t size = 0;   // of the file that the daemon reads back
  uint64_t crc64 = 0;  // of its contents, if size is not 0

  std::string_view base() const { return last_name(path); }
  std::string_view parent() const { return parent_path(path); }
};

// What Go's path.Clean("/" + name) gives, without the leading slash.
void clean_tar_name(std::string_view name, std::string& path);

class LayerStream {
 public:
  // `fd` of tar-split.json.gz must stay open.
  LayerStream(int fd, std::string where);

  enum class Kind {
    Entry,  // a tar entry
    Tail,   // only `raw` means something: bytes behind the last entry
    End,
  };
  // Gives the next part of the tar. Errors as TarSplitReader::next, and Format where the tar's headers make no sense.
  // After an error nothing follows.
  Result<Kind> next(LayerEntry& entry);

  // At the end: whether the tar had its two blocks of zeros. Tars without are legal, and rare.
  bool saw_tar_end() const { return tail_zeros_ >= 2 * kTarBlock; }

 private:
  Result<Kind> finish_entry(LayerEntry& entry);
  void count_zeros(std::string_view bytes);
  Error malformed(std::string_view what) const;

  TarSplitReader reader_;
  std::string where_;
  TarSplitRecord record_;
  size_t padding_ = 0;  // that the last entry's payload leaves in front of the next header
  bool in_tail_ = false;
  uint64_t tail_zeros_ = 0;  // zero bytes behind the last entry
};

}  // namespace dfsck
