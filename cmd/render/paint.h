// A little colour, or none.
#pragma once

#include <string>
#include <string_view>

namespace dfsck {

class Paint {
 public:
  enum class Use { No, Yes };
  explicit Paint(Use use) : use_(use) {}

  std::string bold(std::string_view text) const { return colored(text, "1"); }
  std::string red(std::string_view text) const { return colored(text, "1;31"); }
  std::string yellow(std::string_view text) const { return colored(text, "33"); }

 private:
  std::string colored(std::string_view text, std::string_view code) const {
    return use_ == Use::No ? std::string(text)
                           : std::string("\x1b[").append(code).append("m").append(text).append("\x1b[0m");
  }
  Use use_;
};

}  // namespace dfsck
