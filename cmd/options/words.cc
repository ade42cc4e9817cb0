// Words for classes and levels.
#include "cmd/options/words.h"

namespace dfsck {

// The word of the table comes first, so that it can be looked up in the manual page.
std::string_view safety_words(Safety safety) {
  switch (safety) {
    case Safety::None: return "none: reported only";
    case Safety::Safe: return "safe: proven, nothing is lost";
    case Safety::Clean: return "clean: nothing refers to it, and it is only moved aside";
    case Safety::Ask: return "ask: needs your decision";
    case Safety::Lossy: return "lossy: something that you can see stops existing";
  }
  return "";
}

std::string_view mode_words(Mode mode) {
  switch (mode) {
    case Mode::DryRun: return "dry run: nothing is written";
    case Mode::Preen: return "then a repair of what is safe (--preen)";
    case Mode::Yes: return "then a repair (--yes)";
    case Mode::Ask: return "then a repair of what you choose";
  }
  return "";
}

std::string_view level_name(Level level) {
  switch (level) {
    case Level::Full: return "full";
    case Level::Quick: return "quick";
    case Level::Structure: return "structure";
  }
  return "";
}

}  // namespace dfsck
