// Mounting an overlay for a moment, where nobody else can see it.
#pragma once

#include <string>

#include "core/fs/dir.h"

namespace dfsck {

// What became of a trial. `code` is the errno of the step that failed.
struct MountTrial {
  enum class Step {
    Done,         // everything worked
    Namespace,    // no mount namespace of our own: not permitted
    Mount,        // the kernel refused the overlay
    ReadThrough,  // the lower file was not seen through it
    Change,       // nothing could be changed through it: the kernel had mounted it for reading only
    Whiteout,     // a removed file left no whiteout in the upper directory
    Opaque,       // a directory made anew was not marked opaque
    Unknown,      // the child process died
  };
  Step step = Step::Done;
  int code = 0;
};

// Mounts an overlay of `lower`, `upper` and `work` in `dir` on `merged` there, in a child process with a mount
// namespace of its own that ends with it. `lower` must hold the file "file" and the directory "directory" with
// something in it. What it changes lands in `upper`. Waits for the child; other threads may go on.
MountTrial try_overlay(const Dir& dir);

}  // namespace dfsck
