// Hashing a donor's layer while it passes by.
#include "core/donor/layer_source.h"

#include "core/base/try.h"

namespace dfsck {

LayerSource::LayerSource(std::unique_ptr<ByteSource> source, DiffId diff, LayerHashing check, std::string where,
                         const Cancel& cancel)
    : source_(std::move(source)), diff_(std::move(diff)), where_(std::move(where)), cancel_(cancel) {
  if (check == LayerHashing::Verified) {
    hash_.emplace();
  }
}

Result<std::string_view> LayerSource::next() {
  // Said again at each call: whoever ignores the first word of a wrong layer must not take the next one for its end.
  if (error_) {
    return *error_;
  }
  if (cancel_.requested()) {
    return cancelled_error("read", where_, "cancelled");
  }
  ASSIGN_OR_RETURN(std::string_view piece, source_->next());
  if (piece.empty()) {
    return end();
  }
  if (hash_) {
    hash_->update(piece);
  }
  return piece;
}

Result<std::string_view> LayerSource::end() {
  if (hash_) {
    const std::string found = hash_->finish_hex();
    hash_.reset();
    // Only at the end is it known. Who writes while reading has to throw away what it wrote.
    verified_ = found == diff_.hex();
    if (!verified_) {
      error_ = format_error("read", where_, "is not the layer " + diff_.text() + " but sha256:" + found);
      return *error_;
    }
  }
  return std::string_view();
}

Result<uint64_t> LayerSource::skip(uint64_t bytes) {
  // A digest needs every byte.
  return hash_ ? Result<uint64_t>(0) : source_->skip(bytes);
}

}  // namespace dfsck
