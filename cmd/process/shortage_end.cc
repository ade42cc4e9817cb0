// A shortage outranks what a command took for its outcome.
#include "cmd/process/shortage_end.h"

#include "cmd/options/exit_codes.h"
#include "core/base/shortage.h"

namespace dfsck {

// Something may have been left unread by any part of a command, and by parts that did without it. So it
// is asked here once, at the end, and not trusted to each of them.
Output end_with_shortage(Output output, Format format) {
  const std::optional<Error> shortage = noted_shortage();
  if (!shortage) {
    return output;
  }
  const std::string reason = shortage->message();
  // A report that was made of half of what there is must not be seen at all.
  if ((output.exit_code & kExitFailed) == 0) {
    // It was cancelled for the shortage, or it believes to have come to its end.
    output = failure_output(format, reason, kExitFailed);
  } else if (output.err.find(reason) == std::string::npos) {
    output.err += "docker-fsck: " + reason + "\n";
  }
  output.err +=
      "docker-fsck: the system ran short, which says nothing of the root: no finding is made of what could not be "
      "read. Free some, or try --jobs 1\n";
  return output;
}

}  // namespace dfsck
