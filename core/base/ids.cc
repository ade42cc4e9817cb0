// Parsing of identifiers. The chain algebra lives in core/codec/digest.cc, where SHA-256 is.
#include "core/base/ids.h"

#include <algorithm>

#include "core/base/text.h"

namespace dfsck {

bool is_hex64(std::string_view text) { return text.size() == 64 && is_lower_hex(text); }

// BuildKit's identity.NewID: 25 digits of base 36. Upper case never occurs.
bool is_buildkit_id(std::string_view text) {
  return text.size() == 25 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); });
}

std::optional<CacheId> CacheId::parse(std::string_view text) {
  constexpr std::string_view kInit = "-init";
  const bool init = text.ends_with(kInit) && is_hex64(text.substr(0, text.size() - kInit.size()));
  if (!init && !is_hex64(text) && !is_buildkit_id(text)) {
    return std::nullopt;
  }
  return CacheId(text);
}

CacheId::Form CacheId::form() const {
  return text_.size() == 64 ? Form::Hex : text_.size() == 25 ? Form::BuildKit : Form::Init;
}

std::string CacheId::brief() const {
  // A BuildKit id is short enough to be shown whole; 12 digits of a hex id are what docker prints.
  return form() == Form::BuildKit ? text_ : text_.substr(0, 12) + (form() == Form::Init ? "-init" : "");
}

std::optional<LinkId> LinkId::parse(std::string_view text) {
  // Older daemons are not documented to use other digits, but their ids were accepted as [A-Z0-9].
  const bool good = text.size() == 26 && std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                    });
  return good ? std::optional(LinkId(text)) : std::nullopt;
}

std::optional<ContainerId> ContainerId::parse(std::string_view text) {
  return is_hex64(text) ? std::optional(ContainerId(text)) : std::nullopt;
}

}  // namespace dfsck
