// Failures as output.
#include "cmd/render/output.h"

#include "cmd/render/render.h"

namespace dfsck {

// On both streams: people read standard error, and a program that asked for JSON finds a valid
// document on standard output whatever happened.
Output failure_output(Format format, const std::string& message, int exit_code) {
  Output output;
  output.exit_code = exit_code;
  output.err = "docker-fsck: " + message + "\n";
  if (format == Format::Json) {
    output.out = render_json_error(message, exit_code);
  }
  return output;
}

}  // namespace dfsck
