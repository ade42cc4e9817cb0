// One layer from end to end: its tar-split in order, each entry against the tree, each file into CRC and SHA, and last
// what the tree has beyond that.
#include "core/content/verify.h"

#include <fcntl.h>

#include <cerrno>
#include <memory>

#include "core/base/errno_class.h"
#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/content/bytes/payload.h"
#include "core/content/bytes/payload_sink.h"
#include "core/content/bytes/read_ahead.h"
#include "core/content/damage.h"
#include "core/content/entry_check.h"
#include "core/content/expected.h"
#include "core/content/extras.h"

namespace dfsck {
namespace {

using State = LayerVerdict::State;

// Three things go on side by side over one stream: each header is held against the tree (EntryCheck), each payload is
// read into its CRC and the digest of the tar, and the next files are fetched (ReadAhead). One thread does all but the
// hashing, which a strand may take to another.
class LayerVerifier {
 public:
  LayerVerifier(const Root& root, const LayerInput& input, int tree, int tar_split, Depth depth, const Cancel& cancel,
                Progress& progress, VerifyWith with)
      : input_(input),
        tree_(tree),
        depth_(depth),
        cancel_(cancel),
        sink_(with.sink),
        stream_(tar_split, input.tar_split.text()),
        ahead_(stream_, tree),
        merged_view_(root, input, tree),
        check_(tree, input, depth, merged_view_, log_),
        digest_(with.helpers),
        payloads_(cancel, progress) {}

  LayerVerdict run();

 private:
  // All entries. False where the reference, or we, cannot go on; `verdict_` then has the state and the reason.
  bool go_through_entries();
  void take_entry(const LayerEntry& entry);
  void read_payload(const LayerEntry& entry, EntryCheck::Payload payload);
  PayloadReader::Outcome read_bytes(const LayerEntry& entry, int dir, const std::shared_ptr<const Fd>& file);
  void give_up(State state, const Error& error);
  void settle(bool complete);
  State state_of_complete_layer() const;
  bool has_damage() const;

  const LayerInput& input_;
  int tree_;
  Depth depth_;
  const Cancel& cancel_;
  PayloadSink* sink_;
  LayerStream stream_;
  ReadAhead ahead_;
  MergedView merged_view_;
  IssueLog log_;
  EntryCheck check_;
  TarDigest digest_;
  PayloadReader payloads_;
  std::string lost_because_;  // a reason other than damage why the tar cannot be put together
  LayerVerdict verdict_;
};

LayerVerdict LayerVerifier::run() {
  if (depth_ == Depth::Headers) {
    digest_.lose();
  }
  bool complete = go_through_entries();
  if (complete && !cancel_.requested()) {
    check_.finish();
    if (check_.is_partly_out_of_sight() && lost_because_.empty()) {
      lost_because_ = "some of it belongs to ids that this user namespace does not have, and may not be read here";
    }
    const Result<void> done = find_extras(tree_, check_.take_explained(), input_, merged_view_, cancel_, log_);
    const std::optional<Error> error = !done ? std::optional(done.error()) : merged_view_.failure();
    if (error) {
      give_up(State::Unreadable, *error);
      complete = false;
    }
  }
  settle(complete);
  return std::move(verdict_);
}

bool LayerVerifier::go_through_entries() {
  while (!cancel_.requested()) {
    LayerEntry* entry = nullptr;
    const Result<LayerStream::Kind> kind = ahead_.next(entry);
    if (!kind) {
      // Bytes that make no sense leave the layer without a reference; bytes that could not be read say nothing of it.
      const bool unreadable = kind.error().kind == Error::Kind::Io;
      give_up(unreadable ? State::Unreadable : State::NoReference, kind.error());
      return false;
    }
    if (*kind == LayerStream::Kind::End) {
      return true;
    }
    // Before the entry is looked at, so that the digest has every byte in the order of the tar, whatever becomes of the
    // entry.
    digest_.add(entry->raw);
    if (*kind == LayerStream::Kind::Entry && !entry->header.is_global()) {
      take_entry(*entry);
    }
    if (check_.failure()) {
      give_up(State::Unreadable, *check_.failure());
      return false;
    }
  }
  return false;
}

void LayerVerifier::take_entry(const LayerEntry& entry) {
  ++verdict_.entries;
  verdict_.header_bytes += entry.size;
  EntryCheck::Payload payload = check_.check(entry);
  if (entry.header.is_sparse) {
    lost_because_ = escaped(entry.path) + " is a GNU sparse file, whose form in the tar is not kept";
    digest_.lose();
  }
  if (payload.lost) {
    digest_.lose();
  } else if (payload.file) {
    read_payload(entry, std::move(payload));
  }
}

PayloadReader::Outcome LayerVerifier::read_bytes(const LayerEntry& entry, int dir,
                                                 const std::shared_ptr<const Fd>& file) {
  // A migration copies the bytes while they pass: the same block serves the hash and the copy, and is kept as long as
  // either needs it.
  if (sink_ == nullptr || !sink_->begin({dir, entry.parent(), entry.base(), file})) {
    return payloads_.read(file->get(), entry.size, digest_);
  }
  const PayloadReader::Outcome read = payloads_.read(
      file->get(), entry.size, digest_, [this](std::string_view piece) { sink_->bytes(piece, digest_.keep()); });
  sink_->end(read);
  return read;
}

void LayerVerifier::read_payload(const LayerEntry& entry, EntryCheck::Payload payload) {
  const auto file = std::make_shared<const Fd>(std::move(payload.file));
  const PayloadReader::Outcome read = read_bytes(entry, payload.dir, file);
  verdict_.bytes_hashed += read.bytes;
  if (read.was_cold) {
    ahead_.saw_cold_file();
  }
  if ((read.bytes == entry.size && read.crc64 == entry.crc64) || cancel_.requested()) {
    return;
  }
  // From the first wrong byte on the digest can only be wrong, so nothing more is hashed; files are still read, for
  // their own checksums.
  digest_.lose();
  if (check_.ends_with(read.error, entry)) {
    return;
  }
  Issue issue;
  issue.path = entry.path;
  issue.expected = expected_of(entry, input_);
  if (read.error != 0) {
    issue.kind = IssueKind::Unreadable;
    issue.code = read.error;
    issue.offset = read.bytes;
    issue.detail = errno_text(read.error) + " behind byte " + std::to_string(read.bytes);
  } else if (read.bytes < entry.size) {
    issue.kind = IssueKind::Short;
    issue.detail = "ends behind byte " + std::to_string(read.bytes) + " of " + std::to_string(entry.size);
  } else {
    issue.found_crc64 = read.crc64;
    describe_damage(file->get(), entry.size, entry.crc64, read.crc64, cancel_, issue);
  }
  log_.add(std::move(issue), {payload.place, 0, {}});
}

void LayerVerifier::give_up(State state, const Error& error) {
  verdict_.state = state;
  verdict_.reason = error.message();
  verdict_.code = error.code;
}

// Times drift when a tree is copied carelessly; nothing else is wrong then.
bool LayerVerifier::has_damage() const {
  if (verdict_.issues_dropped > 0) {
    return true;
  }
  for (const Issue& issue : verdict_.issues) {
    if (issue.kind != IssueKind::TimeDrift) {
      return true;
    }
  }
  return false;
}

// In the order of what is known: damage that was seen, then reasons why nothing can be proven, then what was not asked
// for, then the digest.
State LayerVerifier::state_of_complete_layer() const {
  if (has_damage()) {
    return State::Damaged;
  }
  if (!lost_because_.empty()) {
    return State::Unverifiable;
  }
  if (depth_ == Depth::Headers || !input_.diff) {
    return State::HeadersMatch;
  }
  if (verdict_.digest_matches) {
    return State::Verified;
  }
  return verdict_.found_digest.empty() ? State::Unverifiable : State::DigestDiffers;
}

void LayerVerifier::settle(bool complete) {
  verdict_.tree_bytes = check_.tree_bytes();
  verdict_.shows_marks = check_.shows_marks();
  verdict_.lacks_sight = check_.lacks_sight();
  verdict_.shows_shifted_acls = check_.shows_shifted_acls();
  verdict_.issues = log_.take();
  verdict_.issues_dropped = log_.dropped();
  if (cancel_.requested()) {
    verdict_.state = State::Cancelled;
    return;
  }
  if (!check_.unverifiable().empty()) {
    // What the tar was made from lies in part elsewhere, so that everything "missing" here may be there.
    verdict_.state = State::Unverifiable;
    verdict_.reason = check_.unverifiable();
    verdict_.issues.clear();
    return;
  }
  if (verdict_.is_unknown()) {
    verdict_.issues.clear();  // what else was found may follow from what was not read
  }
  if (!complete) {
    return;
  }
  verdict_.found_digest = digest_.finish_hex();
  verdict_.digest_matches = input_.diff && verdict_.found_digest == input_.diff->hex();
  verdict_.state = state_of_complete_layer();
  if (verdict_.state == State::Unverifiable) {
    verdict_.reason = lost_because_;
  } else if (verdict_.state == State::DigestDiffers && !stream_.saw_tar_end()) {
    // Every file is right and the digest is not, because tar-split itself was cut off: that is damage of tar-split
    // alone.
    verdict_.state = State::NoReference;
    verdict_.reason = input_.tar_split.text() + " ends before the end of the tar";
  }
}

LayerVerdict unable(State state, const Error& error) {
  LayerVerdict verdict;
  verdict.state = state;
  verdict.reason = error.message();
  verdict.code = error.code;
  return verdict;
}

}  // namespace

LayerVerdict verify_layer(const Root& root, const LayerInput& input, Depth depth, const Cancel& cancel,
                          Progress& progress, VerifyWith with) {
  const Result<Dir> tree = root.open_dir(input.diff_dir);
  if (!tree) {
    return unable(State::Unreadable, tree.error());
  }
  const Result<Fd> tar_split = root.open_file(input.tar_split);
  if (!tar_split) {
    const Error& error = tar_split.error();
    const bool absent = error.kind == Error::Kind::Format || says_absent(error.code);
    return unable(absent ? State::NoReference : State::Unreadable, error);
  }
  return LayerVerifier(root, input, tree->fd(), tar_split->get(), depth, cancel, progress, with).run();
}

}  // namespace dfsck
