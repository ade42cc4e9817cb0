// The one list of options: parsing, --help and the test of the manual page are made from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cmd/options/options.h"

namespace dfsck {

// To which commands an option belongs: a bit for each Command.
using OptionScope = uint32_t;
constexpr OptionScope scope_of(Command command) { return OptionScope{1} << static_cast<unsigned>(command); }
inline constexpr OptionScope kEverywhere = ~OptionScope{0};

struct OptionRow {
  char letter;                // 0 if there is only the long form
  std::string_view name;      // without the dashes
  std::string_view argument;  // name of the argument; empty for a switch
  OptionScope scope;
  std::string_view help;
  // Stores the value (empty for a switch); says what is wrong with it otherwise.
  std::optional<UsageError> (*set)(Options& options, const std::string& value);
};

// In the order in which --help and the manual page show them. Options of the same name belong to different commands,
// and take an argument either all or none.
std::span<const OptionRow> all_options();

}  // namespace dfsck
