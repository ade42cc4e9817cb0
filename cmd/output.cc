// Failures as output.
#include "cmd/output.h"

#include "cmd/render.h"

namespace dfsck {

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
