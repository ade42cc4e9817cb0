// Talking to a person at a terminal, beside standard output.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/run/cancel.h"

namespace dfsck {

class Conversation {
 public:
  virtual ~Conversation() = default;
  virtual void say(std::string_view text) = 0;  // text must be harmless to a terminal: see safe_text.h
  // One line without its end; nothing when the person went away or `cancel` was requested.
  virtual std::optional<std::string> read_line(const Cancel& cancel) = 0;
};

// The controlling terminal, if standard input is a terminal: who pipes something in is not there to answer.
std::unique_ptr<Conversation> open_terminal();

}  // namespace dfsck
