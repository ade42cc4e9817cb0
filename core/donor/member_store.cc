// Following links inside a donor, and reading its small files.
#include "core/donor/member_store.h"

#include "core/base/escape.h"
#include "core/base/try.h"

namespace dfsck {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel has it
constexpr size_t kPathShown = 160;

}  // namespace

std::string MemberStore::where(const RelPath& name) const {
  return name.is_root() ? shown_ : shown_ + ": " + escaped_excerpt(name.bytes(), kPathShown);
}

Result<FoundFile> find_file(const MemberStore& store, const RelPath& name) {
  RelPath at = name;
  for (int links = 0; links <= kMaxLinks; ++links) {
    if (at.is_root()) {
      return format_error("read", store.where(name), "is a directory");
    }
    ASSIGN_OR_RETURN(std::optional<Member> member, store.look_up(at));
    if (!member.has_value()) {
      return format_error("read", store.where(name),
                          at == name ? "is missing" : "is a link to " + at.text() + ", which is missing");
    }
    switch (member->type) {
      case Member::Type::File: return FoundFile{at, std::move(*member)};
      case Member::Type::Directory: return format_error("read", store.where(name), "is a directory");
      case Member::Type::Link: at = member->target; break;
    }
  }
  return format_error("read", store.where(name), "is a link that leads in a circle");
}

Result<bool> has_member(const MemberStore& store, const RelPath& name) {
  ASSIGN_OR_RETURN(const std::optional<Member> member, store.look_up(name));
  return member.has_value() && member->type != Member::Type::Directory;
}

Result<std::string> read_document(const MemberStore& store, const RelPath& name, size_t limit) {
  ASSIGN_OR_RETURN(const FoundFile found, find_file(store, name));
  ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, store.open(found.name, found.member));
  return read_all(*source, limit, store.where(name));
}

}  // namespace dfsck
