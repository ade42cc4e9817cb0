// Somebody else who wants the bytes of a layer's files while they are verified, so that they need be read only once.
#pragma once

#include <memory>
#include <string_view>

#include "core/content/bytes/payload.h"
#include "core/fs/fd.h"

namespace dfsck {

// Called on the thread that verifies, for one file after the other; the names are those of the tar.
class PayloadSink {
 public:
  struct File {
    int dir;                  // that the file lies in, open (O_PATH)
    std::string_view parent;  // cleaned path of `dir`, relative to the tree; may lead through links of the tree
    std::string_view name;
    std::shared_ptr<const Fd> file;  // open for reading, of the size that the layer says
  };

  virtual ~PayloadSink() = default;
  // A file that is about to be read. False: not interested in it.
  virtual bool begin(const File& file) = 0;
  // The next of its bytes, which stay as they are for as long as `keep` is held.
  virtual void bytes(std::string_view piece, std::shared_ptr<const void> keep) = 0;
  // All that could be read was given.
  virtual void end(const PayloadReader::Outcome& outcome) = 0;
};

}  // namespace dfsck
