// Somebody else who wants the bytes of a layer's files while they are verified, so that they need be read only once.
#pragma once

#include <sys/stat.h>

#include <string_view>

#include "core/content/payload.h"

namespace dfsck {

// Called on the thread that verifies, for one file after the other; the names are those of the tar.
class PayloadSink {
 public:
  struct File {
    int dir;                  // that the file lies in, open (O_PATH)
    std::string_view parent;  // cleaned path of `dir`, relative to the tree; may lead through links of the tree
    std::string_view name;
    int file;                 // open for reading, of the size that the layer says
    const struct ::stat& stat;
  };

  virtual ~PayloadSink() = default;
  // A file that is about to be read. False: not interested in it.
  virtual bool begin(const File& file) = 0;
  // The next of its bytes.
  virtual void bytes(std::string_view piece) = 0;
  // All that could be read was given.
  virtual void end(const PayloadReader::Outcome& outcome) = 0;
};

}  // namespace dfsck
