// Names and descriptions of actions: the words of dry runs and journals.
#include "core/plan/action.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/fs/stat.h"
#include "core/plan/action_traits.h"

namespace dfsck {
namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

template <typename Kind>
Action with_path(RelPath path) {
  Kind action;
  if constexpr (requires { action.from; }) {
    action.from = std::move(path);
  } else {
    action.path = std::move(path);
  }
  return action;
}

template <size_t... I>
Action make_kind(size_t kind, RelPath path, std::index_sequence<I...>) {
  using Make = Action (*)(RelPath);
  constexpr std::array<Make, sizeof...(I)> kMakers{with_path<std::variant_alternative_t<I, Action>>...};
  return kMakers[kind](std::move(path));
}

// Numbers, not names: a root often holds the ids of another host or of a user namespace, for which this machine's
// passwd file has no name, or a wrong one.
std::string owned_by(const Ownership& owner) {
  return "mode " + octal(owner.mode) + ", owner " + std::to_string(owner.uid) + ":" + std::to_string(owner.gid);
}

// Enough of a text to recognise it; long ones are cut. Of a database nobody recognises the first bytes.
std::string shown(const std::string& bytes) {
  if (bytes.empty()) {
    return "an empty file";
  }
  const std::string size = counted(bytes.size(), "byte");
  return bytes.find('\0') != std::string::npos ? size : "\"" + escaped_excerpt(bytes, 80) + "\" (" + size + ")";
}

// A file that is repaired out of itself needs no path a second time.
std::string source_of(const RestoreFile& action) {
  const Origin& origin = action.origin;
  std::string text = origin.donor.empty() && origin.path == action.path ? "" : "from " + describe(origin);
  for (const ByteFix& fix : origin.fixes) {
    text += (text.empty() ? "" : ", ") + std::string("with byte ") + std::to_string(fix.offset) + " set to " +
            describe_byte(fix.value);
  }
  return text;
}

}  // namespace

// A Rename answers with its old name: that is the one under which its object is found when the step comes.
const RelPath& action_path(const Action& action) {
  return std::visit(Overloaded{[](const Rename& a) -> const RelPath& { return a.from; },
                               [](const auto& a) -> const RelPath& { return a.path; }},
                    action);
}

// These words stand in journals and plan files, and plan_json.cc reads them back: another word for an old action
// would make every kept journal that has it unreadable.
std::optional<Action> make_action(std::string_view op, RelPath path) {
  const auto found = std::find_if(kActionTraits.begin(), kActionTraits.end(),
                                  [&](const ActionTraits& traits) { return traits.op == op; });
  return found != kActionTraits.end()
             ? std::optional(
                   make_kind(found->kind, std::move(path), std::make_index_sequence<std::variant_size_v<Action>>()))
             : std::nullopt;
}

std::string attribute_kind(const Action& action) {
  const auto* xattr = std::get_if<SetXattr>(&action);
  return std::string(traits_of(action).op) + (xattr != nullptr ? " " + xattr->name : "");
}

const Ownership* wanted_owner(const Action& action) {
  return std::visit(
      [](const auto& a) -> const Ownership* {
        if constexpr (requires { a.owner; }) {
          return &a.owner;
        }
        return nullptr;
      },
      action);
}

// Names and link targets come from the disk and may hold anything, terminal escapes too: they are escaped here, once
// for reports, journals and questions. The planner settles the last ties by this sentence, so actions that differ
// should differ in it.
std::string describe(const Action& action) {
  const std::string path = action_path(action).text();
  return std::visit(
      Overloaded{[&](const WriteFile& a) { return "write " + path + ": " + shown(a.bytes); },
                 [&](const RestoreFile& a) {
                   return "restore " + path + " (" + counted(a.size, "byte") + ") " + source_of(a);
                 },
                 [&](const MakeDir& a) { return "make directory " + path + " (" + owned_by(a.owner) + ")"; },
                 [&](const WriteSymlink& a) { return "make symbolic link " + path + " -> " + escaped(a.target); },
                 [&](const MakeNode& a) {
                   return "make " + std::string(type_name(a.type)) + " " + path +
                          (a.type == S_IFIFO ? "" : " " + std::to_string(a.major) + ":" + std::to_string(a.minor));
                 },
                 [&](const Quarantine&) { return "move " + path + " into quarantine"; },
                 [&](const Rename& a) { return "rename " + path + " to " + a.to.text(); },
                 [&](const SetOwnership& a) { return "set " + path + " to " + owned_by(a.owner); },
                 [&](const SetXattr& a) {
                   return a.value ? "set attribute " + escaped(a.name) + " of " + path
                                  : "remove attribute " + escaped(a.name) + " of " + path;
                 },
                 [&](const SetMtime& a) {
                   return "set the modification time of " + path + " to " + std::to_string(a.seconds) + " s";
                 },
                 [&](const MakeHardLink& a) { return "make " + path + " a hard link to " + a.target.text(); },
                 [&](const Adopt&) { return "put " + path + " in place, which was prepared"; }},
      action);
}

}  // namespace dfsck
