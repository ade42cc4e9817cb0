// The questions of an interactive repair: one for each finding, or for findings whose repairs cannot be parted.
#pragma once

#include <set>
#include <string>

#include "checks/repair/choose.h"
#include "cmd/options/options.h"
#include "cmd/terminal/conversation.h"

namespace dfsck {

// Remembers "all of this kind" and "none of this kind" through all passes and roots of a run.
class Questions {
 public:
  Questions(Conversation& conversation, Truncate truncate, const Cancel& cancel)
      : conversation_(conversation), truncate_(truncate), cancel_(cancel) {}

  // Goes through the groups in order. After "quit", or when the person went away, the rest is not chosen; what was
  // chosen before "quit" is made only if the person says so again.
  Answers ask(const RootReport& report, const std::vector<RepairGroup>& groups);

 private:
  enum class Reply { Yes, No, All, None, Show, Quit, Unclear };

  Reply read_reply();
  Reply ask_about(const RootReport& report, const RepairGroup& group, size_t number, size_t count);
  std::string described(const RootReport& report, const RepairGroup& group) const;
  std::string steps(const RootReport& report, const RepairGroup& group) const;
  bool confirms(size_t chosen);

  Conversation& conversation_;
  const Truncate truncate_;
  const Cancel& cancel_;
  std::set<ProblemId> wanted_;    // kinds answered with "all"
  std::set<ProblemId> unwanted_;  // kinds answered with "none"
  bool gone_ = false;
};

// Asks "QUESTION [y/n] " until there is an answer. False when the person went away.
bool confirmed(Conversation& conversation, const std::string& question, const Cancel& cancel);

}  // namespace dfsck
