// Copying bytes from where they are still to be had, and proving on the way that they are the right ones.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "core/base/result.h"
#include "core/content/origin.h"
#include "core/fs/root.h"
#include "core/heal/donors.h"
#include "core/run/cancel.h"

namespace dfsck {

class OriginReader {
 public:
  // All must outlive it. `opened` are donors that are open already; others are opened when they are first needed, and
  // stay open. Not thread-safe.
  OriginReader(const Root& root, const Cancel& cancel, const Donors* opened = nullptr);
  ~OriginReader();

  using Sink = std::function<Result<void>(std::string_view)>;

  // Hands the file's bytes to `sink`, piece by piece. Format error, naming the origin, where the file is not there, has
  // another size, or does not have this CRC-64 (the one of tar-split) with its fixes made: what the sink got is
  // worthless then. Other errors: of the sink, of reading, Cancelled.
  //
  // Whoever asks for files of a donor's layer in the order of its tar reads that tar once.
  Result<void> copy(const Origin& origin, uint64_t size, uint64_t crc64, const Sink& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dfsck
