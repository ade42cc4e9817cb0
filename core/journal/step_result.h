// What became of one step of a plan.
#pragma once

#include <string>

namespace dfsck {

struct StepResult {
  enum class State {
    Done,
    Failed,   // could not be done, and the path is as it was (or, if end() then fails as well, as recover will say)
    Skipped,  // not tried, or taken back: another step of its group failed, or the user cancelled
  };
  State state = State::Skipped;
  std::string why;        // one line; empty for Done
  std::string way_out{};  // of Failed: what must be changed before it can be done; empty where that is not known
};

}  // namespace dfsck
