// Finding: one broken thing, as data. No prose: the text comes from the problem's row in checks/table.def.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/relpath.h"

namespace dfsck {

// Number of a problem as in DFnnnn. The meaning of numbers is the checks' affair; core only carries them.
enum class ProblemId : uint16_t {};

// What a finding is about, in words of the user's world.
enum class SubjectKind {
  Root,
  Layer,
  OverlayDir,
  Link,
  Image,
  Tag,
  Container,
  Mount,
  Volume,
  Network,
  Database,
  BuildCache,
  File
};

std::string_view subject_kind_name(SubjectKind kind);  // "layer", "overlay-dir", ...

struct Subject {
  SubjectKind kind = SubjectKind::Root;
  std::string id;  // full id or name, escaped; for a layer its chain ID with "sha256:"
  friend auto operator<=>(const Subject&, const Subject&) = default;
};

// Who is hit: filled in by the runner from the model, not by the checks.
struct Affected {
  std::vector<std::string> images;      // "sha256:...", sorted
  std::vector<std::string> tags;        // "app:1", sorted
  std::vector<std::string> containers;  // full ids, sorted
};

struct Finding {
  ProblemId problem{};
  Subject subject;
  RelPath path;                             // below the root; the root itself where nothing better is known
  std::map<std::string, std::string> args;  // values for the holes in the problem's text; already escaped

  // The thing whose damage explains this one; resolved to `caused_by` by the runner.
  std::optional<Subject> cause;
  // What the finding hangs on for the purpose of `affects`: keys into the model's reverse indices. A check
  // fills in the narrowest it knows; empty means the subject itself.
  std::vector<Subject> hits;

  // For findings about a layer's content: the layer's number in the model and the issue's in its verdict.
  struct ContentIssue {
    size_t layer = 0;
    size_t issue = 0;
  };
  std::optional<ContentIssue> content;

  Affected affects;
  std::optional<size_t> caused_by;  // index into the sorted findings
};

}  // namespace dfsck
