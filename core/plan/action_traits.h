// What is to be known of each kind of action, a row each. Code that asks what a step does asks here; code that does it
// visits the action.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/plan/action.h"

namespace dfsck {

// What a step does to its path. All but Set change a name.
enum class Change {
  Make,      // a new object gets the name, in place of what is there
  TakeAway,  // the name goes into quarantine
  Rename,    // the name becomes another one
  Set,       // the object stays, an attribute of it changes
};

// In the order in which they are set on one path: changing the owner clears security.capability, and whatever is set
// later would change the time.
enum class Attribute { None, Owner, Extended, Time };

struct ActionTraits {
  size_t kind = 0;      // index in Action
  std::string_view op;  // as in journals and in the JSON report
  Change change = Change::Make;
  Attribute attribute = Attribute::None;
  bool makes_directory = false;  // what goes by the path afterwards is a directory
  bool accepts_present = false;  // where what it would make is there already, there is nothing to do
  bool is_prepared = false;      // takes what its own run has staged: no other run can carry it out
  bool shares_inode = false;     // the new object has other names, so that nothing of it is set
};

template <typename Kind, size_t... I>
constexpr size_t action_index(std::index_sequence<I...>) {
  return ((std::is_same_v<Kind, std::variant_alternative_t<I, Action>> ? I : 0) + ...);
}
template <typename Kind>
inline constexpr size_t kActionIndex = action_index<Kind>(std::make_index_sequence<std::variant_size_v<Action>>());

inline constexpr std::array<ActionTraits, std::variant_size_v<Action>> kActionTraits{{
    {.kind = kActionIndex<WriteFile>, .op = "write-file"},
    {.kind = kActionIndex<RestoreFile>, .op = "restore-file"},
    {.kind = kActionIndex<MakeDir>, .op = "make-directory", .makes_directory = true, .accepts_present = true},
    {.kind = kActionIndex<WriteSymlink>, .op = "write-symlink"},
    {.kind = kActionIndex<MakeNode>, .op = "make-node"},
    {.kind = kActionIndex<Quarantine>, .op = "quarantine", .change = Change::TakeAway},
    {.kind = kActionIndex<Rename>, .op = "rename", .change = Change::Rename},
    {.kind = kActionIndex<SetOwnership>, .op = "set-ownership", .change = Change::Set, .attribute = Attribute::Owner},
    {.kind = kActionIndex<SetXattr>, .op = "set-xattr", .change = Change::Set, .attribute = Attribute::Extended},
    {.kind = kActionIndex<SetMtime>, .op = "set-mtime", .change = Change::Set, .attribute = Attribute::Time},
    {.kind = kActionIndex<MakeHardLink>, .op = "make-hard-link", .shares_inode = true},
    {.kind = kActionIndex<Adopt>, .op = "adopt", .makes_directory = true, .is_prepared = true},
}};

constexpr bool every_action_has_its_row() {
  for (size_t i = 0; i < kActionTraits.size(); ++i) {
    if (kActionTraits[i].kind != i || kActionTraits[i].op.empty()) {
      return false;
    }
  }
  return true;
}
static_assert(every_action_has_its_row(), "rows stand in the order of Action");

inline const ActionTraits& traits_of(const Action& action) { return kActionTraits[action.index()]; }

inline bool is_attribute_step(const Action& action) { return traits_of(action).change == Change::Set; }

// One of the kind with that name, for the path; nothing where no kind has it.
std::optional<Action> make_action(std::string_view op, RelPath path);

// Equal for two steps of which one object can keep only the later: "set-mtime", "set-xattr user.name".
std::string attribute_kind(const Action& action);

// The owner and the mode that the object shall have, if the action says so.
const Ownership* wanted_owner(const Action& action);

}  // namespace dfsck
