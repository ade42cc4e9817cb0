// Building the index of a tar, and opening members by it.
#include "core/donor/tar_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/donor/file_range.h"
#include "core/donor/member_name.h"
#include "core/fs/stat.h"

namespace dfsck {
namespace {

// Headers are far apart, and what lies between is passed over.
constexpr size_t kIndexBuffer = 16 * 1024;
constexpr uint64_t kSmallMember = 1U << 20;
constexpr size_t kNameShown = 120;

}  // namespace

TarStore::TarStore(std::shared_ptr<const Fd> fd, uint64_t file_size, std::string shown)
    : MemberStore(std::move(shown)), fd_(std::move(fd)), file_size_(file_size) {}

Result<std::unique_ptr<TarStore>> TarStore::index(std::shared_ptr<const Fd> fd, uint64_t file_size, std::string shown,
                                                  const DonorLimits& limits, const Cancel& cancel) {
  std::unique_ptr<TarStore> store(new TarStore(std::move(fd), file_size, std::move(shown)));
  TRY(store->read_index(limits, cancel));
  return Result<std::unique_ptr<TarStore>>(std::move(store));
}

Result<void> TarStore::read_index(const DonorLimits& limits, const Cancel& cancel) {
  Decompressor source(std::make_unique<FileRange>(fd_, 0, file_size_, shown(), kIndexBuffer), shown(),
                      limits.decompress);
  TarStream stream(source, shown(), {.max_entries = limits.max_members});
  TarStreamEntry entry;
  for (;;) {
    if (cancel.requested()) {
      return cancelled_error("read", shown(), "cancelled");
    }
    const Result<TarStream::Kind> kind = stream.next(entry);
    if (!kind) {
      // Nothing could be read at its beginning and it is not compressed: no tar at all, which is a better word to a
      // user who gave the wrong file than "damaged header".
      const bool is_other = stream.entries() == 0 && kind.error().kind == Error::Kind::Format &&
                            source.compression() == Compression::None;
      return is_other ? format_error("read", shown(), "is no tar archive") : kind.error();
    }
    if (stream.entries() == 0) {
      return format_error("read", shown(), "is empty");
    }
    if (*kind != TarStream::Kind::Entry) {
      return {};  // what follows the end is nobody's business
    }
    // Known only now: the compression shows with the first bytes.
    if (source.compression() != Compression::None && !pool_) {
      pool_ = std::make_unique<RewindPool>(fd_, file_size_, shown(), limits.decompress, cancel);
    }
    TRY(add(entry.header, stream, limits));
  }
}

Result<void> TarStore::add(const TarHeader& header, TarStream& stream, const DonorLimits& limits) {
  if (header.is_global()) {
    return {};
  }
  const std::string where_named = shown() + ": " + escaped_excerpt(header.name, kNameShown);
  if (header.name.size() > limits.max_name_bytes || header.link_name.size() > limits.max_name_bytes) {
    return limit_error("read", where_named, "has a name or link target that is too long");
  }
  const std::optional<RelPath> name = member_name(header.name);
  if (!name) {
    return format_error("read", where_named, "has a name that leads out of the archive");
  }
  ASSIGN_OR_RETURN(Member member, to_member(header, *name, stream));
  const auto [place, is_new] = members_.emplace(name->bytes(), member);
  const auto is_dir = [](const Member& one) { return one.type == Member::Type::Directory; };
  // Which of two counts depends on the reader: docker load would unpack the second over the first. An archive that two
  // readers understand in two ways is not taken.
  if (!is_new && !(is_dir(place->second) && is_dir(member))) {
    return format_error("read", where(*name), "is there twice");
  }
  Result<void> kept = keep(*name, member, stream, limits);
  if (kept) {
    kept = stream.skip_payload();
  }
  if (!kept && kept.error().kind == Error::Kind::Format) {
    Error error = kept.error();
    error.where = where(*name);
    return error;
  }
  return kept;
}

Result<Member> TarStore::to_member(const TarHeader& header, const RelPath& name, const TarStream& stream) const {
  Member member;
  if (header.is_hard_link() || header.file_type() == S_IFLNK) {
    // A hard link names its target from the top of the archive.
    std::optional<RelPath> target =
        header.is_hard_link() ? member_name(header.link_name) : link_target(name, header.link_name);
    if (!target) {
      return format_error("read", where(name), "is a link that leads out of the archive");
    }
    member.type = Member::Type::Link;
    member.target = std::move(*target);
  } else if (header.file_type() == S_IFDIR) {
    member.type = Member::Type::Directory;
  } else if (header.file_type() != S_IFREG) {
    return format_error(
        "read", where(name),
        header.file_type() != 0 ? "is a " + std::string(type_name(header.file_type())) : "is of an unknown type");
  } else if (header.is_sparse) {
    return format_error("read", where(name), "is a sparse file");
  } else if (name.is_root()) {
    return format_error("read", shown(), "has a file for its root");
  }
  member.size = stream.payload_left();
  member.place = stream.position();
  // Seen by the header alone, before anything of it is used. Of a compressed archive only the end of the stream can
  // tell.
  if (!pool_ && member.size > file_size_ - std::min(file_size_, member.place)) {
    return format_error("read", where(name),
                        "is cut off: it has " + human_bytes(member.size) + ", and the archive ends before");
  }
  return member;
}

// Manifests and configs are small, stand anywhere in the archive and are asked for first: kept from the one pass over
// it, they do not cost a decompression of the whole file each.
Result<void> TarStore::keep(const RelPath& name, const Member& member, TarStream& stream, const DonorLimits& limits) {
  if (!pool_ || member.type != Member::Type::File || member.size > kSmallMember ||
      member.size > limits.max_kept_bytes - kept_bytes_) {
    return {};
  }
  std::string bytes;
  while (stream.payload_left() > 0) {
    const Result<std::string_view> piece = stream.payload();
    if (!piece) {
      Error error = piece.error();
      error.where = where(name);
      return error;
    }
    bytes += *piece;
  }
  kept_bytes_ += bytes.size();
  kept_.emplace(member.place, std::move(bytes));
  return {};
}

Result<std::optional<Member>> TarStore::look_up(const RelPath& name) const {
  const auto found = members_.find(name.bytes());
  return found != members_.end() ? std::optional(found->second) : std::nullopt;
}

Result<std::unique_ptr<ByteSource>> TarStore::open(const RelPath& name, const Member& file) const {
  std::unique_ptr<ByteSource> source;
  const auto kept = kept_.find(file.place);
  if (kept != kept_.end()) {
    source = std::make_unique<MemorySource>(kept->second);
  } else if (pool_) {
    source = pool_->open(file.place, file.size, where(name));
  } else {
    source = std::make_unique<FileRange>(fd_, file.place, file.place + file.size, where(name));
  }
  return source;
}

// Directories need no entry of their own in a tar.
Result<std::vector<RelPath>> TarStore::top_directories() const {
  std::set<RelPath> found;
  for (const auto& [name, member] : members_) {
    const size_t slash = name.find('/');
    if (slash != std::string::npos || member.type == Member::Type::Directory) {
      const std::optional<RelPath> top = RelPath::parse(name.substr(0, slash));
      if (top) {
        found.insert(*top);
      }
    }
  }
  return std::vector<RelPath>(found.begin(), found.end());
}

}  // namespace dfsck
