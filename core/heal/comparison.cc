// Piece by piece, from the outside in.
#include "core/heal/comparison.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "core/base/patient_calls.h"

namespace dfsck {

void Comparison::add(std::string_view right) {
  if (!damaged_ || right.empty()) {
    return;
  }
  found_.resize(std::max(found_.size(), right.size()));
  const ssize_t got = patient::pread(damaged_.get(), found_.data(), right.size(), static_cast<off_t>(offset_));
  // Shorter, or not to be read: where it differs cannot be told any more, and that is a hint for people only, so
  // nothing fails for it.
  if (got != static_cast<ssize_t>(right.size())) {
    damaged_.reset();
    return;
  }
  const auto first = std::mismatch(right.begin(), right.end(), found_.begin());
  if (first.first != right.end()) {
    const auto begin = static_cast<size_t>(std::distance(right.begin(), first.first));
    size_t end = right.size();
    // Ends at the first difference at the latest, which is known to be there.
    while (right[end - 1] == found_[end - 1]) {
      --end;
    }
    // From the first to the last difference, with all that is equal between them: a torn write shows as one range of
    // sectors or pages, which is what somebody who looks for the cause wants to see.
    first_ = first_ ? first_ : offset_ + begin;
    end_ = offset_ + end;
  }
  offset_ += right.size();
}

std::optional<WrongBytes> Comparison::wrong() const {
  return damaged_ && first_ ? std::optional(WrongBytes{*first_, end_ - *first_}) : std::nullopt;
}

}  // namespace dfsck
