// Parses image names by hand: the grammar is small, and a name is at most a few hundred bytes long.
#include "core/model/reference_name.h"

#include <algorithm>
#include <vector>

#include "core/base/ids.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

constexpr size_t kMaxName = 255;
constexpr size_t kMaxTag = 128;
constexpr std::string_view kDefaultDomain = "docker.io";
constexpr std::string_view kLegacyDomain = "index.docker.io";
constexpr std::string_view kOfficial = "library/";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }

// [a-z0-9]+ pieces, separated by one '.', one or two '_', or any number of '-'.
bool is_path_component(std::string_view text) {
  size_t i = 0;
  const auto piece = [&] {
    const size_t start = i;
    while (i < text.size() && (is_lower(text[i]) || is_digit(text[i]))) {
      ++i;
    }
    return i > start;
  };
  if (!piece()) {
    return false;
  }
  while (i < text.size()) {
    const size_t start = i;
    while (i < text.size() && text[i] == text[start]) {
      ++i;
    }
    const size_t run = i - start;
    const bool separator = (text[start] == '.' && run == 1) || (text[start] == '_' && run <= 2) || text[start] == '-';
    if (!separator || !piece()) {
      return false;
    }
  }
  return true;
}

bool is_host_label(std::string_view text) {
  return !text.empty() && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_ipv6(std::string_view text) {
  return text.size() > 2 && text.front() == '[' && text.back() == ']' &&
         std::all_of(text.begin() + 1, text.end() - 1, [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':';
         });
}

// host or [ipv6], with an optional port.
bool is_domain(std::string_view text) {
  if (const size_t colon = text.rfind(':'); colon != std::string_view::npos && !text.ends_with(']')) {
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || !std::all_of(port.begin(), port.end(), is_digit)) {
      return false;
    }
    text = text.substr(0, colon);
  }
  if (is_ipv6(text)) {
    return true;
  }
  const std::vector<std::string_view> labels = split(text, '.');
  return std::all_of(labels.begin(), labels.end(), is_host_label);
}

// docker.io/library/x and x are the same image; the daemon tells them apart from host/x by these signs alone
// (distribution/reference).
bool names_domain(std::string_view first) {
  return first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
         std::any_of(first.begin(), first.end(), is_upper);
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTag && (is_alphanumeric(text.front()) || text.front() == '_') &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_digest(std::string_view text) {
  constexpr std::pair<std::string_view, size_t> kAlgorithms[] = {{"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}};
  return std::any_of(std::begin(kAlgorithms), std::end(kAlgorithms), [&](const auto& algorithm) {
    return text.starts_with(algorithm.first) && text.size() == algorithm.first.size() + algorithm.second &&
           is_lower_hex(text.substr(algorithm.first.size()));
  });
}

// The familiar form of "[domain/]path"; nothing if it is not well formed.
// repositories.json has names in this form only: a key in any other is never found by the daemon, although it is
// kept.
std::optional<std::string> familiar_name(std::string_view text) {
  std::string_view domain;
  std::string_view path = text;
  if (const size_t slash = text.find('/'); slash != std::string_view::npos && names_domain(text.substr(0, slash))) {
    domain = text.substr(0, slash);
    path = text.substr(slash + 1);
  }
  if (domain == kLegacyDomain || domain == kDefaultDomain) {
    domain = {};
  }
  if (domain.empty() && path.starts_with(kOfficial) && path.find('/', kOfficial.size()) == std::string_view::npos) {
    path.remove_prefix(kOfficial.size());
  }
  const std::vector<std::string_view> components = split(path, '/');
  const bool well_formed = (domain.empty() || is_domain(domain)) && path.size() <= kMaxName &&
                           std::all_of(components.begin(), components.end(), is_path_component);
  if (!well_formed) {
    return std::nullopt;
  }
  return domain.empty() ? std::string(path) : std::string(domain) + "/" + std::string(path);
}

}  // namespace

std::string ReferenceName::key() const {
  if (!digest.empty()) {
    return name + "@" + digest;
  }
  return name + ":" + (tag.empty() ? "latest" : tag);
}

std::string canonical_name(std::string_view familiar) {
  const size_t slash = familiar.find('/');
  const std::string name(familiar);
  if (slash != std::string_view::npos && names_domain(familiar.substr(0, slash))) {
    return name;
  }
  const std::string official = slash == std::string_view::npos ? std::string(kOfficial) : "";
  return std::string(kDefaultDomain) + "/" + official + name;
}

// The digest first, since it holds a colon itself; then a tag, whose colon must come behind the last slash, because a
// port of a registry has one too.
std::optional<ReferenceName> parse_reference_name(std::string_view text) {
  if (is_hex64(text)) {
    return std::nullopt;  // an image id
  }
  ReferenceName reference;
  if (const size_t at = text.find('@'); at != std::string_view::npos) {
    reference.digest = text.substr(at + 1);
    text = text.substr(0, at);
    if (!is_digest(reference.digest)) {
      return std::nullopt;
    }
  }
  const size_t slash = text.rfind('/');
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    reference.tag = text.substr(colon + 1);
    text = text.substr(0, colon);
    if (!is_tag(reference.tag)) {
      return std::nullopt;
    }
  }
  std::optional<std::string> name = familiar_name(text);
  if (!name || *name == "sha256") {  // the daemon refuses names that look like a digest
    return std::nullopt;
  }
  reference.name = std::move(*name);
  return reference;
}

// Writing what was read and comparing: whatever comes out otherwise is a spelling that the daemon never writes.
bool is_reference_key(std::string_view repository, std::string_view key) {
  const std::optional<ReferenceName> reference = parse_reference_name(key);
  return reference && reference->name == repository && reference->key() == key;
}

}  // namespace dfsck
