// Where headers end and payloads begin. What a header says is tar_header's business.
#include "core/codec/tar/stream.h"

#include <algorithm>
#include <limits>

#include "core/base/escape.h"
#include "core/base/try.h"

namespace dfsck {
namespace {

constexpr size_t kTailPiece = 1U << 20;
constexpr size_t kNameShown = 80;

bool is_zero_block(std::string_view block) { return block.find_first_not_of('\0') == std::string_view::npos; }

}  // namespace

TarStream::TarStream(ByteSource& source, std::string where, const TarStreamLimits& limits)
    : source_(source), where_(std::move(where)), limits_(limits) {}

Error TarStream::malformed(std::string_view what) const {
  return format_error("read tar", where_, "entry " + std::to_string(entries_ + 1) + ": " + std::string(what));
}

// Every error is final: behind a header that cannot be read, the place of the next one is not known.
template <typename T>
Result<T> TarStream::remember(Result<T> result) {
  if (!result) {
    error_ = result.error();
  }
  return result;
}

Result<std::string_view> TarStream::take(uint64_t size) {
  if (size == 0) {
    return std::string_view();
  }
  if (piece_.empty()) {
    ASSIGN_OR_RETURN(piece_, source_.next());
  }
  const std::string_view taken = piece_.substr(0, static_cast<size_t>(std::min<uint64_t>(size, piece_.size())));
  piece_.remove_prefix(taken.size());
  position_ += taken.size();
  return taken;
}

Result<size_t> TarStream::append(std::string& to, size_t size) {
  size_t got = 0;
  while (got < size) {
    ASSIGN_OR_RETURN(const std::string_view taken, take(size - got));
    if (taken.empty()) {
      break;
    }
    to += taken;
    got += taken.size();
  }
  return got;
}

Result<std::string_view> TarStream::payload() {
  if (error_) {
    return *error_;
  }
  const Result<std::string_view> taken = take(payload_left_);
  if (taken && taken->empty() && payload_left_ > 0) {
    return remember(Result<std::string_view>(format_error("read tar", where_, "is cut off in the middle of a file")));
  }
  if (taken) {
    payload_left_ -= taken->size();
  }
  return remember(taken);
}

Result<void> TarStream::skip_payload() {
  while (payload_left_ > 0) {
    if (piece_.empty()) {
      // A file can seek and a compressed stream cannot: the source says how far it came, and the rest is read.
      ASSIGN_OR_RETURN(const uint64_t skipped, source_.skip(payload_left_));
      payload_left_ -= skipped;
      position_ += skipped;
    }
    TRY(payload());
  }
  return {};
}

Result<TarStream::Kind> TarStream::next(TarStreamEntry& entry) {
  if (error_) {
    return *error_;
  }
  entry.raw.clear();
  return remember(in_tail_ ? read_tail(entry.raw) : read_entry(entry));
}

Result<TarStream::Kind> TarStream::read_tail(std::string& raw) {
  const Result<size_t> got = append(raw, kTailPiece);
  return !got ? Result<Kind>(got.error()) : *got == 0 ? Kind::End : Kind::Tail;
}

Result<TarStream::Kind> TarStream::read_entry(TarStreamEntry& entry) {
  TRY(skip_payload());
  TRY(append(entry.raw, padding_));
  for (;;) {
    ASSIGN_OR_RETURN(const size_t got, append(entry.raw, kTarBlock));
    if (got == 0 && entry.raw.size() <= padding_) {
      in_tail_ = true;  // an archive without an end is one to Go, even if padding is missing
      return entry.raw.empty() ? Kind::End : Kind::Tail;
    }
    if (got < kTarBlock) {
      return malformed("its header is cut off");
    }
    const std::string_view block = std::string_view(entry.raw).substr(entry.raw.size() - kTarBlock);
    if (is_zero_block(block)) {
      // A block of zeros between a special header and the entry that it announces.
      return entry.raw.size() == padding_ + kTarBlock ? read_end(entry) : malformed("its header is missing");
    }
    const Result<std::optional<uint64_t>> special = special_header_size(block);
    if (!special) {
      return malformed(special.error().detail);
    }
    if (!special->has_value()) {
      return finish_entry(entry);
    }
    // The padding of a global header's data belongs to what follows it.
    const bool is_global = block[156] == 'g';
    const auto size = static_cast<size_t>(**special + (is_global ? 0 : tar_padding(**special)));
    if (entry.raw.size() + size > limits_.max_header_bytes) {
      return limit_error("read tar", where_, "the headers of an entry are too long");
    }
    ASSIGN_OR_RETURN(const size_t data, append(entry.raw, size));
    if (data < size) {
      return malformed("its header is cut off");
    }
    if (is_global) {
      return finish_entry(entry);
    }
  }
}

Result<TarStream::Kind> TarStream::read_end(TarStreamEntry& entry) {
  in_tail_ = true;
  ASSIGN_OR_RETURN(const size_t got, append(entry.raw, kTarBlock));
  if (got == 0) {
    return Kind::Tail;  // one block of zeros is enough for Go if nothing follows
  }
  const bool is_end =
      got == kTarBlock && is_zero_block(std::string_view(entry.raw).substr(entry.raw.size() - kTarBlock));
  return is_end ? Result<Kind>(Kind::Tail) : malformed("something follows a block of zeros");
}

Result<TarStream::Kind> TarStream::finish_entry(TarStreamEntry& entry) {
  const Result<void> parsed = parse_tar_header(entry.raw, padding_, entry.header);
  if (!parsed) {
    return malformed(parsed.error().detail);
  }
  const TarHeader& header = entry.header;
  const std::string shown = "\"" + escaped_excerpt(header.name, kNameShown) + "\" ";
  if (header.type == 'S') {
    return malformed(shown + "is a sparse file of the old GNU form");
  }
  // Rounding up to blocks below must not wrap around.
  if (header.size > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) - kTarBlock) {
    return malformed(shown + "has an impossible size");
  }
  if (++entries_ > limits_.max_entries) {
    return limit_error("read tar", where_, "has more than " + std::to_string(limits_.max_entries) + " entries");
  }
  // A global header's data are part of `raw`.
  payload_left_ = header.is_global() ? 0 : header.size;
  padding_ = header.padding();
  return Kind::Entry;
}

}  // namespace dfsck
