// Names of images as users type them and as repositories.json keeps them: "app:1", "ghcr.io/a/b@sha256:...".
// The rules are those of github.com/distribution/reference (normalize.go, regexp.go) as moby reference/store.go uses
// them. Only texts are judged here; whether an image has the name is not known.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dfsck {

// A valid reference in familiar form: without "docker.io/" and, behind that, without "library/".
struct ReferenceName {
  std::string name;    // "app", "team/app", "registry.example:5000/app"; the outer key of repositories.json
  std::string tag;     // empty if there is none
  std::string digest;  // "sha256:<hex>"; empty if there is none

  // The inner key of repositories.json: a digest outranks a tag, and a bare name means ":latest".
  std::string key() const;
};

// The full form of a familiar name: "app" is "docker.io/library/app" (normalize.go:splitDockerDomain).
std::string canonical_name(std::string_view familiar);

// Parses what a user may type. Nothing for texts that the daemon refuses, and for image ids.
std::optional<ReferenceName> parse_reference_name(std::string_view text);

// True if `key` is exactly what the daemon writes as an inner key below `repository`.
bool is_reference_key(std::string_view repository, std::string_view key);

}  // namespace dfsck
