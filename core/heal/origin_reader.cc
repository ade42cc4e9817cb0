// One open stream per donor layer at most: files that lie behind the last one are found by reading on.
#include "core/heal/origin_reader.h"

#include <map>
#include <optional>
#include <utility>

#include "core/base/try.h"
#include "core/codec/crc64.h"
#include "core/codec/tar/layer_stream.h"
#include "core/codec/tar/stream.h"
#include "core/donor/donor.h"
#include "core/donor/file_range.h"

namespace dfsck {
namespace {

Error wrong(const Origin& origin, std::string_view what) { return format_error("restore", describe(origin), what); }

// Makes the origin's fixes in the pieces that pass, counts and sums them.
class Checked {
 public:
  Checked(const Origin& origin, uint64_t size, const OriginReader::Sink& sink)
      : origin_(origin), size_(size), sink_(sink), next_(origin.fixes.begin()) {}

  Result<void> take(std::string_view piece) {
    // Asked before anything reaches the sink: a sparse file of terabytes in the place of the right one stops here.
    if (piece.size() > size_ - done_) {
      return wrong(origin_, "is longer than it was");
    }
    const uint64_t end = done_ + piece.size();
    if (next_ != origin_.fixes.end() && next_->offset < end) {
      healed_.assign(piece);
      for (; next_ != origin_.fixes.end() && next_->offset < end; ++next_) {
        if (next_->offset >= done_) {
          healed_[static_cast<size_t>(next_->offset - done_)] = static_cast<char>(next_->value);
        }
      }
      piece = healed_;
    }
    crc_.update(piece.data(), piece.size());
    done_ = end;
    return sink_(piece);
  }

  // The sink may have written all of it by now. It counts only from here on: nobody may have put it into its place
  // before.
  Result<void> finish(uint64_t crc64) const {
    if (done_ != size_) {
      return wrong(origin_, "is shorter than it was");
    }
    return crc_.value() == crc64 ? Result<void>() : wrong(origin_, "does not hold the right bytes any more");
  }

 private:
  const Origin& origin_;
  uint64_t size_;
  const OriginReader::Sink& sink_;
  std::vector<ByteFix>::const_iterator next_;
  std::string healed_;
  Crc64 crc_;
  uint64_t done_ = 0;
};

// The tar of one layer of a donor, read up to somewhere.
struct OpenLayer {
  OpenLayer(std::unique_ptr<LayerSource> the_source, const std::string& where)
      : source(std::move(the_source)), tar(*source, where) {}

  std::unique_ptr<LayerSource> source;
  TarStream tar;
  TarStreamEntry entry;
};

}  // namespace

struct OriginReader::State {
  State(const Root& the_root, const Cancel& the_cancel, const Donors* the_opened)
      : root(the_root), cancel(the_cancel), opened(the_opened) {}

  Result<void> copy_file(const Root& from, const Origin& origin, Checked& checked) const;
  Result<void> copy_member(const Origin& origin, uint64_t size, Checked& checked);
  // Reads on to the file. False where the tar ends before it.
  Result<bool> find(const Origin& origin, uint64_t size);
  Result<void> open_layer(const Donor& donor, const Origin& origin, size_t place);
  Result<const Donor*> donor_at(const std::string& path);
  Result<const Root*> root_at(const std::string& path);

  const Root& root;
  const Cancel& cancel;
  const Donors* opened;
  std::map<std::string, Donor> donors;
  std::map<std::string, Root> roots;
  std::optional<OpenLayer> layer;
  std::string layer_key;  // of `layer`: donor, DiffId, place
};

// The last look before bytes are used may be long after the search: size and CRC are compared with what tar-split says,
// not with what the search saw.
Result<void> OriginReader::State::copy_file(const Root& from, const Origin& origin, Checked& checked) const {
  ASSIGN_OR_RETURN(Fd fd, from.open_file(origin.path));
  ASSIGN_OR_RETURN(const FileStat stat, from.stat(origin.path));
  FileRange source(std::make_shared<const Fd>(std::move(fd)), 0, stat.size, origin.path.text());
  while (true) {
    ASSIGN_OR_RETURN(const std::string_view piece, source.next());
    if (piece.empty()) {
      return {};
    }
    if (cancel.requested()) {
      return cancelled_error("restore", describe(origin), "cancelled");
    }
    TRY(checked.take(piece));
  }
}

// `apply` carries out a plan with no donors open: they are opened by the paths that the plan names.
Result<const Donor*> OriginReader::State::donor_at(const std::string& path) {
  if (const Donor* donor = opened != nullptr ? opened->find_archive(path) : nullptr; donor != nullptr) {
    return donor;
  }
  auto known = donors.find(path);
  if (known == donors.end()) {
    ASSIGN_OR_RETURN(Donor donor, open_donor(path, cancel));
    known = donors.emplace(path, std::move(donor)).first;
  }
  return &known->second;
}

Result<const Root*> OriginReader::State::root_at(const std::string& path) {
  if (const Root* donor = opened != nullptr ? opened->find_root(path) : nullptr; donor != nullptr) {
    return donor;
  }
  auto known = roots.find(path);
  if (known == roots.end()) {
    ASSIGN_OR_RETURN(Root donor, Root::open(path));
    known = roots.emplace(path, std::move(donor)).first;
  }
  return &known->second;
}

Result<void> OriginReader::State::open_layer(const Donor& donor, const Origin& origin, size_t place) {
  layer.reset();
  layer_key.clear();
  ASSIGN_OR_RETURN(std::unique_ptr<LayerSource> source,
                   donor.open_layer(*origin.layer, dfsck::LayerHashing::Unverified, place));
  const std::string where = source->where();
  layer.emplace(std::move(source), where);
  return {};
}

Result<bool> OriginReader::State::find(const Origin& origin, uint64_t size) {
  std::string path;
  while (true) {
    ASSIGN_OR_RETURN(const TarStream::Kind kind, layer->tar.next(layer->entry));
    if (kind == TarStream::Kind::End) {
      return false;
    }
    // Sizes first: most entries need no look at their names.
    if (kind != TarStream::Kind::Entry || layer->entry.header.size != size) {
      continue;
    }
    clean_tar_name(layer->entry.header.name, path);
    if (path == origin.path.bytes()) {
      return true;
    }
  }
}

Result<void> OriginReader::State::copy_member(const Origin& origin, uint64_t size, Checked& checked) {
  ASSIGN_OR_RETURN(const Donor* donor, donor_at(origin.donor));
  const size_t places = donor->places(*origin.layer).size();
  const auto key_of = [&](size_t place) {
    return origin.donor + '\0' + origin.layer->text() + '\0' + std::to_string(place);
  };
  bool found = false;
  for (size_t place = 0; place < places && !found; ++place) {
    const bool resumed = layer && layer_key == key_of(place);
    // From where the last file ended, and once more from the beginning if it lay before: files are asked for in the
    // order of the tar as a rule, and then one pass is enough for all of them.
    for (int attempt = resumed ? 0 : 1; attempt < 2 && !found; ++attempt) {
      if (attempt == 1) {
        TRY(open_layer(*donor, origin, place));
        layer_key = key_of(place);
      }
      const Result<bool> here = find(origin, size);
      if (!here) {
        layer.reset();
        return here.error();
      }
      found = *here;
    }
  }
  if (!found) {
    layer.reset();
    return wrong(origin, "is not there any more");
  }
  while (layer->tar.payload_left() > 0) {
    ASSIGN_OR_RETURN(const std::string_view piece, layer->tar.payload());
    TRY(checked.take(piece));
  }
  return {};
}

OriginReader::OriginReader(const Root& root, const Cancel& cancel, const Donors* opened)
    : state_(std::make_unique<State>(root, cancel, opened)) {}
OriginReader::~OriginReader() = default;

Result<void> OriginReader::copy(const Origin& origin, uint64_t size, uint64_t crc64, const Sink& sink) {
  Checked checked(origin, size, sink);
  Result<void> copied;
  if (origin.layer) {
    copied = state_->copy_member(origin, size, checked);
  } else if (origin.donor.empty()) {
    copied = state_->copy_file(state_->root, origin, checked);
  } else {
    const Result<const Root*> root = state_->root_at(origin.donor);
    copied = root ? state_->copy_file(**root, origin, checked) : root.error();
  }
  return copied ? checked.finish(crc64) : copied;
}

}  // namespace dfsck
