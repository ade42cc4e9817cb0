// The process: arguments in, output and exit code out. Every exception ends here.
#include <sys/resource.h>

#include <csignal>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/options/exit_codes.h"
#include "cmd/options/options.h"
#include "cmd/process/shortage_end.h"
#include "cmd/process/standard_streams.h"
#include "cmd/program.h"
#include "core/base/escape.h"
#include "core/base/shortage.h"

namespace {

// Raises the number of files that may be open to as many as the process may have: with many jobs the usual 1024 are
// soon used up. Where that fails, everything goes on with what there is. Threads hold directories of layers' trees
// open. The soft limit is often 1024 for the sake of programs that use select(2), which this one does not.
void allow_many_open_files() {
  struct ::rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

using dfsck::Output;

// Wrong data on a disk is a finding and a failing call is an error value, so what arrives here as an
// exception is our own fault or a want of memory. Even then whoever asked for JSON gets a document.
Output run_caught(const std::vector<std::string>& args) {
  std::string reason = "unknown exception";
  try {
    return dfsck::run_program(args);
  } catch (const std::bad_alloc&) {
    // Whoever unwound has given back what it held: there may be enough for a few words.
    dfsck::note_out_of_memory();
    return dfsck::end_with_shortage({}, dfsck::wanted_format(args));
  } catch (const std::exception& error) {
    reason = dfsck::escaped_excerpt(error.what(), 200);
  } catch (...) {
  }
  return dfsck::failure_output(dfsck::wanted_format(args), "this is a bug of docker-fsck: " + reason,
                               dfsck::kExitFailed);
}

int run(int argc, char** argv) {
  const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  Output output = run_caught(args);
  // A report that did not arrive is a failure, whatever was found: a full disk behind a
  // redirection must not look like a clean root.
  if (const dfsck::Result<void> written = dfsck::write_stdout(output.out); !written) {
    output.err += "docker-fsck: " + written.error().message() + "\n";
    output.exit_code |= dfsck::kExitFailed;
  }
  dfsck::write_stderr(output.err);
  return output.exit_code;
}

// Without any memory: words that are in the program already.
// By hand and not by the parser of options, which needs memory.
int out_of_memory(int argc, char** argv) {
  constexpr std::string_view kJson = R"({"schema":"docker-fsck/report/1","version":")" DFSCK_VERSION
                                     R"(","error":{"message":"get memory: Cannot allocate memory"},"exit_code":8})"
                                     "\n";
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word(argv[i]);
    json = json || word == "json" || word == "--format=json";
  }
  if (json && !dfsck::write_stdout(kJson)) {
    return dfsck::kExitFailed;
  }
  dfsck::write_stderr("docker-fsck: get memory: Cannot allocate memory\n");
  return dfsck::kExitFailed;
}

}  // namespace

int main(int argc, char** argv) {
  // First of all: a file of the root that got descriptor 1 would receive the report.
  dfsck::occupy_standard_descriptors();
  allow_many_open_files();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away shows as EPIPE where we write
  std::signal(SIGXFSZ, SIG_IGN);  // and a limit of file sizes as EFBIG
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc&) {
    return out_of_memory(argc, argv);
  }
}
