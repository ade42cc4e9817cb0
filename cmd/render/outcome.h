// What the commands that change a root in one go have to say at their end.
#pragma once

#include <string>
#include <vector>

#include "cmd/render/output.h"

namespace dfsck {

struct Outcome {
  std::string command;             // "undo"
  std::string root;                // path
  std::vector<std::string> runs;   // the repairs that it was about
  std::string message;             // one line or more, for people
  std::vector<std::string> steps;  // in words, where it tells them
  std::string next;                // what to do now; may be empty
  int exit_code = 0;
};

// As text, or as a document of the schema docker-fsck/<command>/1.
Output outcome_output(const Options& options, const Outcome& outcome);

}  // namespace dfsck
