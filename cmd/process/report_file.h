// The files that --report and --plan name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/fs/fd.h"

namespace dfsck {

// Opened before the check, so that a wrong name does not cost an hour; what the file held stays until write().
class ReportFile {
 public:
  // A Format error if `path` lies inside one of the directories `roots`, or is one that does not exist yet: a check
  // writes nothing there, and a migration nothing else. `what` is for messages.
  static Result<ReportFile> open(const std::string& path, const std::vector<std::string>& roots,
                                 std::string_view what = "report");

  // Replaces the contents. Once only.
  Result<void> write(std::string_view text);

 private:
  ReportFile(Fd fd, std::string path, std::string op)
      : fd_(std::move(fd)), path_(std::move(path)), op_(std::move(op)) {}

  Fd fd_;
  std::string path_;
  std::string op_;  // "write report"
};

}  // namespace dfsck
