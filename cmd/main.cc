// The process: arguments in, output and exit code out. Every exception ends here.
#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "cmd/exit_codes.h"
#include "cmd/options.h"
#include "cmd/process_limits.h"
#include "cmd/program.h"
#include "cmd/standard_streams.h"
#include "core/base/escape.h"

namespace {

dfsck::Output run_caught(const std::vector<std::string>& args) {
  std::string reason = "unknown exception";
  try {
    return dfsck::run_program(args);
  } catch (const std::bad_alloc&) {
    return dfsck::failure_output(dfsck::wanted_format(args), "out of memory", dfsck::kExitFailed);
  } catch (const std::exception& error) {
    reason = dfsck::escaped_excerpt(error.what(), 200);
  } catch (...) {
  }
  return dfsck::failure_output(dfsck::wanted_format(args), "this is a bug of docker-fsck: " + reason,
                               dfsck::kExitFailed);
}

}  // namespace

int main(int argc, char** argv) {
  dfsck::occupy_standard_descriptors();
  dfsck::allow_many_open_files();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away shows as EPIPE where we write
  const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  dfsck::Output output = run_caught(args);
  if (const dfsck::Result<void> written = dfsck::write_stdout(output.out); !written) {
    output.err += "docker-fsck: " + written.error().message() + "\n";
    output.exit_code |= dfsck::kExitFailed;
  }
  dfsck::write_stderr(output.err);
  return output.exit_code;
}
